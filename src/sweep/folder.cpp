#include "sweep/folder.h"

#include <filesystem>
#include <map>

#include <fmt/format.h>

#include "common/error.h"
#include "common/files.h"
#include "config/yaml_parser.h"

namespace interlock::sweep {
namespace {

void flatten(const config::YamlNode& node, const std::string& path,
             std::map<std::string, std::string>& values) {
  if (node.kind != config::YamlNode::Kind::kMap) {
    values[path] = flow_text(node);
    return;
  }
  for (const config::YamlEntry& entry : node.entries) {
    flatten(entry.value, path.empty() ? entry.key : path + "." + entry.key, values);
  }
}

std::map<std::string, std::string> values_of(const std::string& yaml, const std::string& source) {
  std::map<std::string, std::string> values;
  flatten(config::parse_yaml_file(yaml, source), "", values);
  return values;
}

// The config that a run was started with, every key written out as today's program does; "" where it is
// unknown.
std::string config_before(const SweepRun& run) {
  for (const std::string& path : {run.files.config, run.files.folder + "/config.yaml"}) {
    if (std::filesystem::exists(path)) return config::to_yaml(config::load_config(path, {}));
  }
  return "";
}

void check_run(const SweepRun& run) {
  if (!std::filesystem::exists(run.files.folder + "/metrics.jsonl")) return;
  const std::string before = config_before(run);
  if (before.empty())
    throw UsageError(fmt::format("{} holds a run that no sweep has made; move it away", run.files.folder));
  const std::string difference = first_difference(run.yaml, before);
  if (difference.empty()) return;
  const std::string dir = std::filesystem::path(run.files.folder).parent_path().string();
  throw UsageError(
      fmt::format("{} was started by a sweep with other settings: {}; give this sweep another folder with "
                  "dir=..., or move {} away",
                  run.files.folder, difference, dir));
}

}  // namespace

std::string first_difference(const std::string& now, const std::string& before) {
  const std::map<std::string, std::string> ours = values_of(now, "now");
  const std::map<std::string, std::string> theirs = values_of(before, "before");
  const auto value_in = [](const auto& values, const std::string& key) {
    const auto found = values.find(key);
    return found == values.end() ? std::string("not given") : found->second;
  };
  for (const auto* values : {&ours, &theirs}) {
    for (const auto& [key, value] : *values) {
      if (value_in(ours, key) != value_in(theirs, key))
        return fmt::format("{} is {} and was {}", key, value_in(ours, key), value_in(theirs, key));
    }
  }
  return "";
}

void check_folder(const std::vector<const SweepRun*>& runs) {
  for (const SweepRun* run : runs) check_run(*run);
}

void prepare_folder(const SweepPlan& plan, const std::vector<const SweepRun*>& runs) {
  check_folder(runs);
  for (const char* part : {"/configs", "/logs", "/failures"}) make_directories(plan.grid.dir + part);
  for (const SweepRun* run : runs) write_file_atomically(run->files.config, run->yaml);
}

}  // namespace interlock::sweep
