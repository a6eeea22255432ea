#include "config/config.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include <fmt/format.h>

#include "common/path_advice.h"
#include "common/text.h"
#include "config/cross_checks.h"
#include "config/keys.h"
#include "config/overrides.h"
#include "config/sections.h"
#include "config/yaml_parser.h"

namespace interlock::config {
namespace {

void check_section_names(const YamlNode& root) {
  const std::vector<std::string>& known = section_names();
  for (const YamlEntry& entry : root.entries) {
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
    // A key that was written without its section is the likelier mistake.
    for (const std::string& section : known) {
      const std::vector<std::string>& keys = keys_of(section);
      if (std::find(keys.begin(), keys.end(), entry.key) == keys.end()) continue;
      fail(entry.where, entry.key, fmt::format("unknown section; did you mean '{}.{}'?", section, entry.key));
    }
    if (entry.key == "base" || entry.key == "grid" || entry.key == "list")
      fail(entry.where, entry.key, "unknown section: this is a grid; start it with `interlock sweep`");
    fail(entry.where, shorten(entry.key), "unknown section" + suggest(entry.key, known));
  }
}

Config read_sections(const YamlNode& root) {
  if (root.kind != YamlNode::Kind::kMap && root.kind != YamlNode::Kind::kNull) {
    fail_type(root, "", "a map of the sections " + join(section_names(), ", "));
  }
  check_section_names(root);
  Config config;
  const auto section = [&](const std::string& name) {
    const YamlEntry* entry = root.find(name);
    return Section(entry != nullptr ? &entry->value : nullptr, name, config.origins);
  };
  config.model = read_model(section("model"));
  config.partition = read_partition(section("partition"));
  config.learning = read_learning(section("learning"));
  config.schedule = read_schedule(section("schedule"), config.origins);
  config.data = read_data(section("data"));
  config.optimizer = read_optimizer(section("optimizer"), config.origins);
  config.training = read_training(section("training"));
  config.run = read_run(section("run"), config.origins);
  config.profile = read_profile(section("profile"));
  return config;
}

std::string why_unreadable(const std::string& path, int error) {
  const std::filesystem::path file(path);
  std::error_code ignored;
  if (path.find('=') != std::string::npos && error == ENOENT)
    return fmt::format("it is an override; the config comes before it, as in: CONFIG {}", path);
  if (file.filename() == "config.yaml" && std::filesystem::is_directory(file.parent_path(), ignored))
    return "this folder has none; give a config file, or the folder of a run";
  return std::strerror(error) + advice_on_missing(path);
}

// Not read_file(): a config may be a pipe or, by mistake, something without an end.
std::string read_at_most(const std::string& path, std::size_t limit) {
  const Location place{path, 0, 0};
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) fail(place, "", "is a folder; wants a config file");
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  if (!stream) fail(place, "", "cannot read this config: " + why_unreadable(path, errno));
  std::string content(limit + 1, '\0');
  stream.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(stream.gcount()));
  if (stream.bad()) fail(place, "", "cannot read this config: the read failed");
  if (content.size() > limit)
    fail(place, "", fmt::format("is larger than {} bytes; this is no config", limit));
  if (content.find('\0') != std::string::npos)
    fail(place, "", "is a file of numbers, not of text; a config is a YAML file");
  return content;
}

}  // namespace

Location Config::where(const std::string& key) const {
  // A key inside a value that the user wrote in short ("optimizer.schedule: cosine") is where that value is.
  for (std::string name = key; !name.empty(); name.resize(name.rfind('.'))) {
    const auto origin = origins.find(name);
    if (origin != origins.end()) return origin->second;
    if (name.find('.') == std::string::npos) break;
  }
  // The number of stages can also come from the list of counts.
  return key == "partition.stages" && origins.count("partition.layers") > 0 ? origins.at("partition.layers")
                                                                            : Location{};
}

Config parse_config(const std::string& yaml, const std::string& source,
                    const std::vector<std::string>& overrides) {
  YamlNode root = parse_yaml_file(yaml, source);
  if (root.kind == YamlNode::Kind::kMap || root.kind == YamlNode::Kind::kNull) {
    for (const std::string& text : overrides) apply_override(root, text);
  }
  Config config = read_sections(root);
  // A bare linear layer cannot follow a residual stream that nothing has normalised.
  if (config.model.kind == ModelKind::kTransformerLm && config.origins.count("learning.head") == 0)
    config.learning.head = "norm_fc";
  if (config.run.dir.empty()) config.run.dir = "runs/" + std::filesystem::path(source).stem().string();
  check_across_sections(config);
  return config;
}

Config load_config(const std::string& path, const std::vector<std::string>& overrides) {
  return parse_config(read_at_most(path, kMaxYamlBytes), path, overrides);
}

}  // namespace interlock::config
