#include "sweep/grid.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "common/files.h"
#include "common/path_advice.h"
#include "common/text.h"
#include "config/keys.h"
#include "config/names.h"
#include "config/overrides.h"
#include "config/readers.h"
#include "config/yaml_parser.h"

namespace interlock::sweep {
namespace {

using config::fail;
using config::YamlEntry;
using config::YamlNode;

const config::Names<Score> kScores = {
    {"loss", Score::kLoss}, {"accuracy", Score::kAccuracy}, {"perplexity", Score::kPerplexity}};
const config::Names<Moment> kMoments = {{"last", Moment::kLast}, {"best", Moment::kBest}};
const config::Names<Mode> kModes = {{"ranks", Mode::kRanks}, {"single_process", Mode::kSingleProcess}};
const std::vector<std::string> kKeys = {"base",     "grid", "list",    "score", "when",
                                        "parallel", "mode", "holdout", "dir"};

bool is_given(const YamlNode& node) {
  return node.kind != YamlNode::Kind::kNull && node.kind != YamlNode::Kind::kUnset;
}

template <class Enum>
Enum choose(const YamlEntry& entry, const config::Names<Enum>& names) {
  return names[config::read_choice(entry.value, entry.key, config::names_only(names))].second;
}

void check_swept_key(const std::string& key, const config::Location& where) {
  if (key != "run.dir") return;
  fail(where, key, "the sweep gives each run its folder; choose the sweep's own with dir");
}

std::vector<Axis> read_axes(const YamlEntry& grid) {
  constexpr const char* kWanted =
      "a map of config keys, each with a list of values, such as {optimizer.lr: [0.1, 0.03]}";
  if (grid.value.kind != YamlNode::Kind::kMap) config::fail_type(grid.value, "grid", kWanted);
  std::vector<Axis> axes;
  for (const YamlEntry& entry : grid.value.entries) {
    check_swept_key(entry.key, entry.where);
    if (entry.value.kind == YamlNode::Kind::kMap) {
      fail(entry.where, "grid." + config::shorten(entry.key),
           "wants a list of values; keys are written in full, such as optimizer.lr: [0.1, 0.03]");
    }
    const auto& values = config::read_list(entry.value, "grid." + entry.key, "a list of values");
    if (values.empty()) fail(entry.where, "grid." + entry.key, "has no values");
    axes.push_back({entry.key, entry.where, values});
  }
  return axes;
}

std::vector<std::vector<Setting>> read_settings_list(const YamlEntry& list) {
  constexpr const char* kWanted =
      "a list of maps of config keys, such as [{optimizer.lr: 0.1, learning.horizon: 2}]";
  std::vector<std::vector<Setting>> result;
  for (const YamlNode& item : config::read_list(list.value, "list", kWanted)) {
    const std::string name = config::item_key("list", result.size());
    if (item.kind != YamlNode::Kind::kMap || item.entries.empty())
      config::fail_type(item, name, "a map of config keys");
    std::vector<Setting> settings;
    for (const YamlEntry& entry : item.entries) {
      check_swept_key(entry.key, entry.where);
      settings.push_back({entry.key, entry.value, entry.value.where});
    }
    result.push_back(settings);
  }
  if (result.empty()) fail(list.where, "list", "has no entries");
  return result;
}

void read_entry(const YamlEntry& entry, Grid& grid) {
  constexpr int kMostAtATime = 1024;
  const std::string& key = entry.key;
  if (key == "grid") grid.axes = read_axes(entry);
  if (key == "list") grid.list = read_settings_list(entry);
  if (key == "score") grid.score = choose(entry, kScores);
  if (key == "when") grid.when = choose(entry, kMoments);
  if (key == "mode") grid.mode = choose(entry, kModes);
  if (key == "dir") grid.dir = config::read_text(entry.value, key);
  if (key == "base") grid.base = config::read_text(entry.value, key);
  if (key == "parallel" && entry.value.scalar != "auto") {
    if (!config::parse_int(entry.value.scalar)) config::fail_type(entry.value, key, "a whole number or auto");
    grid.parallel = static_cast<int>(config::read_int(entry.value, key, 1, kMostAtATime));
  }
  if (key == "holdout") {
    grid.holdout = config::read_double(entry.value, key, config::kZeroToBelowOne);
    grid.holdout_where = entry.value.where;
  }
}

// Keys of the list and of the axes, with the place of the first use.
void check_no_key_twice(const Grid& grid) {
  for (const Axis& axis : grid.axes) {
    for (const std::vector<Setting>& settings : grid.list) {
      for (const Setting& setting : settings) {
        if (setting.key != axis.key) continue;
        fail(setting.where, axis.key,
             fmt::format("also in grid ({}); write it in one of them", axis.where.text()));
      }
    }
  }
  const auto check = [&](const std::string& key, const config::Location& where) {
    for (const std::string& text : grid.overrides) {
      if (text.substr(0, text.find('=')) != key) continue;
      fail({"command line", 0, 0}, key,
           fmt::format("is swept ({}); it cannot have one value for all", where.text()));
    }
  };
  for (const Axis& axis : grid.axes) check(axis.key, axis.where);
  for (const auto& settings : grid.list) {
    for (const Setting& setting : settings) check(setting.key, setting.where);
  }
}

bool is_for_a_config(const std::string& text) {
  const std::string section = text.substr(0, text.find_first_of(".="));
  const std::vector<std::string>& known = config::section_names();
  // Whatever has a '.' is meant for a config, misspelt or not: keys of a grid have none.
  return text.substr(0, text.find('=')).find('.') != std::string::npos ||
         std::find(known.begin(), known.end(), section) != known.end();
}

}  // namespace

std::string name_of(Score score) {
  return config::name_of(kScores, score);
}

Grid read_grid(const std::string& path, const std::vector<std::string>& overrides) {
  const config::Location place{path, 0, 0};
  std::string content;
  std::string reason;
  if (!read_file(path, content, reason))
    fail(place, "", "cannot read this grid: " + reason + advice_on_missing(path));
  YamlNode root = config::parse_yaml_file(content, path);
  if (root.kind != YamlNode::Kind::kMap) config::fail_type(root, "", "a map with base, and grid or list");

  Grid grid;
  grid.file = path;
  for (const std::string& text : overrides) {
    if (is_for_a_config(text)) {
      check_swept_key(text.substr(0, text.find('=')), {"command line", 0, 0});
      grid.overrides.push_back(text);
    } else {
      config::apply_override(root, text);
    }
  }
  for (const YamlEntry& entry : root.entries) {
    if (std::find(kKeys.begin(), kKeys.end(), entry.key) == kKeys.end()) {
      const std::string of_config = entry.key == "model" || entry.key == "data"
                                        ? ": this is a config; a grid names it as its base (docs/sweep.md)"
                                        : config::suggest(entry.key, kKeys);
      fail(entry.where, config::shorten(entry.key), "unknown key of a grid" + of_config);
    }
    if (is_given(entry.value)) read_entry(entry, grid);
  }
  if (grid.base.empty())
    fail(place, "base", "missing; wants the path of the config that every run starts from");
  if (grid.axes.empty() && grid.list.empty()) fail(place, "", "wants grid or list: there is nothing to try");
  check_no_key_twice(grid);
  namespace fs = std::filesystem;
  const config::Location base_place = root.find("base")->value.where;
  grid.base = (fs::path(path).parent_path() / grid.base).lexically_normal().string();
  if (!fs::is_regular_file(grid.base)) {
    fail(base_place, "base", fmt::format("there is no config {}{}", grid.base, advice_on_missing(grid.base)));
  }
  if (grid.dir.empty()) grid.dir = "runs/" + fs::path(path).stem().string();
  return grid;
}

}  // namespace interlock::sweep
