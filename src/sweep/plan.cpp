#include "sweep/plan.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "common/ids.h"
#include "common/text.h"
#include "config/scalar.h"
#include "sweep/validation.h"

namespace interlock::sweep {
namespace {

// Keys in the order in which the grid has them: those of the list first.
std::vector<std::string> swept_keys(const Grid& grid) {
  std::vector<std::string> keys;
  const auto add = [&](const std::string& key) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  };
  for (const auto& settings : grid.list) {
    for (const Setting& setting : settings) add(setting.key);
  }
  for (const Axis& axis : grid.axes) add(axis.key);
  return keys;
}

// An override's error has "command line" for its place; the user's place is in the grid.
[[noreturn]] void fail_in_grid(const std::string& message, const SweepRun& run) {
  const std::string place = config::Location{"command line", 0, 0}.text();
  for (const Setting& setting : run.settings) {
    const std::string start = place + ": " + setting.key;
    if (message.compare(0, start.size(), start) == 0)
      throw UsageError(setting.where.text() + message.substr(place.size()) + " (run " + run.name + ")");
  }
  throw UsageError(message + " (run " + run.name + ")");
}

void check_scored(const Grid& grid, const config::Config& config) {
  if (config.run.device == config::DeviceKind::kSimulated) {
    config::fail(config.where("run.device"), "run.device",
                 "is simulated: there is no loss to compare runs by");
  }
  if (config.training.eval_every_epochs == 0) {
    config::fail(config.where("training.eval_every_epochs"), "training.eval_every_epochs",
                 "is 0, but a sweep compares evaluations; wants 1 or more");
  }
  if (grid.score != Score::kLoss && config.training.loss != config::LossKind::kCrossEntropy) {
    config::fail(config.where("training.loss"), "training.loss",
                 fmt::format("has no {}; use score: loss", name_of(grid.score)));
  }
}

std::vector<std::string> overrides_of(const Grid& grid, const SweepRun& run) {
  std::vector<std::string> overrides = grid.overrides;
  for (const Setting& setting : run.settings) overrides.push_back(setting.override_text());
  return overrides;
}

std::string load(const Grid& grid, SweepRun& run) {
  std::vector<std::string> overrides = overrides_of(grid, run);
  const config::Config as_written = config::load_config(grid.base, overrides);
  const Validation validation = choose_validation(grid, as_written);
  overrides.insert(overrides.end(), validation.overrides.begin(), validation.overrides.end());
  overrides.push_back("run.dir=" + config::format_text(run.files.folder));
  run.config = config::load_config(grid.base, overrides);
  check_scored(grid, run.config);
  run.yaml = config::to_yaml(run.config);
  run.ranks = grid.mode == Mode::kRanks ? run.config.partition.placement().ranks() : 1;
  return validation.text;
}

std::string unique(std::string name, std::set<std::string>& taken) {
  const std::string first = name;
  for (int number = 2; !taken.insert(name).second; ++number) name = fmt::format("{}~{}", first, number);
  return name;
}

std::string settings_text(const std::vector<Setting>& settings) {
  std::vector<std::string> parts;
  for (const Setting& setting : settings) parts.push_back(setting.override_text());
  std::sort(parts.begin(), parts.end());
  return join(parts, " ");
}

}  // namespace

SweepPlan plan_sweep(const Grid& grid) {
  SweepPlan plan;
  plan.grid = grid;
  const std::vector<std::vector<Setting>> all = combinations(grid);
  plan.keys = swept_keys(grid);
  plan.columns = short_keys(plan.keys);
  std::map<std::string, std::string> short_name;
  for (std::size_t i = 0; i < plan.keys.size(); ++i) short_name[plan.keys[i]] = plan.columns[i];

  std::set<std::string> names;
  std::map<std::string, std::string> seen;  // settings -> name
  std::set<std::string> validations;
  for (const std::vector<Setting>& settings : all) {
    SweepRun run;
    run.index = static_cast<int>(plan.runs.size());
    run.settings = settings;
    std::vector<std::string> keys;
    for (const Setting& setting : settings) keys.push_back(short_name[setting.key]);
    run.name = unique(readable_name(settings, keys), names);
    run.files = files_of(grid.dir, run.name);
    const auto [earlier, is_new] = seen.emplace(settings_text(settings), run.name);
    if (!is_new) {
      config::fail(settings.back().where, settings.back().key,
                   fmt::format("makes the same run twice: {} is there already", earlier->second));
    }
    try {
      validations.insert(load(grid, run));
    } catch (const UsageError& error) {
      fail_in_grid(error.what(), run);
    }
    plan.runs.push_back(std::move(run));
  }
  plan.validation = join({validations.begin(), validations.end()}, " | ");
  return plan;
}

}  // namespace interlock::sweep
