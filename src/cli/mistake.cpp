#include "cli/mistake.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "common/text.h"
#include "config/location.h"

namespace interlock::cli {
namespace {

using Commands = std::vector<const CLI::App*>;

Commands commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) { return !command->get_name().empty(); });
}

const CLI::App* find_command(const CLI::App& app, const std::string& name) {
  for (const CLI::App* command : commands_of(app)) {
    if (command->check_name(name)) return command;
  }
  return nullptr;
}

// "--resume" of "--resume=none"
std::string option_in(const std::string& word) {
  return word.substr(0, word.find('='));
}

std::vector<std::string> options_of(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

bool has_option(const CLI::App& command, const std::string& name) {
  const std::vector<std::string> names = options_of(command);
  return std::find(names.begin(), names.end(), name) != names.end();
}

// An option that the command does not have: whose it is, or which one was meant.
std::string explain_option(const CLI::App& app, const CLI::App& command, const std::string& title,
                           const std::string& word) {
  const std::string name = option_in(word);
  if (name.find('.') != std::string::npos)
    return fmt::format("{} looks like an override; those have no dashes: {}", word, word.substr(2));
  const std::string nearest = nearest_name(name, options_of(command));
  const std::string problem = fmt::format("{}: `{}` has no such option", name, title);
  for (const CLI::App* other : commands_of(app)) {
    if (has_option(*other, name)) return fmt::format("{}; `interlock {}` has", problem, other->get_name());
  }
  return nearest.empty() ? problem : fmt::format("{}; did you mean '{}'?", problem, nearest);
}

std::string explain(const CLI::App& app, const CLI::App& command, const std::string& title,
                    const std::vector<std::string>& words, const CLI::ParseError& error) {
  for (const std::string& word : words) {
    if (word.rfind("--", 0) == 0 && word != "--" && !has_option(command, option_in(word)))
      return explain_option(app, command, title, word);
  }
  const std::string what = error.what();
  if (what.rfind("CONFIG is required", 0) == 0) {
    return fmt::format(
        "{}; give a config file: {} CONFIG [key=value ...]; configs/quickstart.yaml is one to try", what,
        title);
  }
  return what;
}

}  // namespace

std::string explain_mistake(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  const CLI::App* command = &app;
  std::string title = "interlock";
  while (!words.empty() && !commands_of(*command).empty() && words.front().rfind('-', 0) != 0) {
    const CLI::App* const next = find_command(*command, words.front());
    if (next == nullptr) {
      std::vector<std::string> names;
      for (const CLI::App* known : commands_of(*command)) names.push_back(known->get_name());
      return fmt::format("unknown command '{}'{} (see {} --help)", words.front(),
                         config::suggest(words.front(), names), title);
    }
    command = next;
    title += " " + words.front();
    words.erase(words.begin());
  }
  return fmt::format("{} (see {} --help)", explain(app, *command, title, words, error), title);
}

}  // namespace interlock::cli
