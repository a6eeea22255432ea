#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "common/error.h"
#include "common/files.h"
#include "common/text.h"
#include "config/keys.h"
#include "config/location.h"
#include "config/reference.h"
#include "inspect/table.h"
#include "tools/commands.h"
#include "tools/config_origins.h"

namespace interlock::tools {
namespace {

struct ShowArguments : cli::ConfigArguments {
  bool plain = false;
};

int show_command(const ShowArguments& arguments) {
  const std::string file = arguments.config_file();
  const config::Config config = config::load_config(file, arguments.overrides);
  if (arguments.plain) {
    fmt::print("{}", config::to_yaml(config));
    return 0;
  }
  std::string text;
  std::string reason;
  std::error_code ignored;
  const bool again = std::filesystem::is_regular_file(file, ignored) && read_file(file, text, reason);
  const auto origins = origins_of(config, again ? text : "", file, arguments.overrides);
  fmt::print("{}", annotated_yaml(config, origins));
  return 0;
}

void print_key(const config::KeyReference& key) {
  fmt::print("{}\n  type     {}\n  default  {}\n", key.key, key.type, key.standard);
  if (!key.range.empty()) fmt::print("  range    {}\n", key.range);
  if (!key.meaning.empty()) fmt::print("  {}\n", key.meaning);
}

bool belongs(const std::string& key, const std::string& section) {
  return section.empty() || key.rfind(section + ".", 0) == 0;
}

int keys_command(const std::string& wanted) {
  using inspect::Align;
  std::vector<std::string> names;
  std::vector<std::vector<std::string>> table = {{"key", "type", "default", "range"}};
  for (const config::KeyReference& key : config::reference()) {
    names.push_back(key.key);
    if (key.key == wanted) print_key(key);
    if (belongs(key.key, wanted)) table.push_back({key.key, key.type, key.standard, key.range});
  }
  const bool is_key = std::find(names.begin(), names.end(), wanted) != names.end();
  if (table.size() == 1 && !is_key) {
    for (const std::string& section : config::section_names()) names.push_back(section);
    throw UsageError(fmt::format("config keys: no section or key is called '{}'{}", wanted,
                                 nearest_name(wanted, names).empty()
                                     ? "; sections are: " + join(config::section_names(), ", ")
                                     : config::suggest(wanted, names)));
  }
  if (table.size() > 1)
    fmt::print("{}{}", is_key ? "\n" : "",
               inspect::format_table({Align::kLeft, Align::kLeft, Align::kLeft, Align::kLeft}, table));
  return 0;
}

}  // namespace

void add_config_command(CLI::App& app, cli::Run& run) {
  CLI::App* const command = app.add_subcommand("config", "look at configs: show, keys");
  command->require_subcommand(1);

  const auto show = std::make_shared<ShowArguments>();
  CLI::App* const show_it =
      command->add_subcommand("show", "the resolved config as YAML, and where each value comes from");
  cli::add_config(*show_it, *show);
  show_it->add_flag("--plain", show->plain, "without comments");
  show_it->callback([show, &run] { run = [show] { return show_command(*show); }; });

  const auto wanted = std::make_shared<std::string>();
  CLI::App* const keys =
      command->add_subcommand("keys", "every key with its type, default and range (docs/config.md)");
  keys->add_option("NAME", *wanted, "a section (data), or a key (data.kind) to read what it means");
  keys->callback([wanted, &run] { run = [wanted] { return keys_command(*wanted); }; });
}

}  // namespace interlock::tools
