#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "common/text.h"
#include "config/difference.h"
#include "report/format.h"
#include "report/sections.h"
#include "report/table.h"

namespace interlock::report {
namespace {

// Differ in every two runs, and say nothing of either.
bool is_noise(const std::string& key) {
  return key == "run.dir";
}

// Keys in the order of the config, with a value for each run that has a config.
std::string differences_table(const Comparison& comparison) {
  const auto first = std::find_if(comparison.runs.begin(), comparison.runs.end(),
                                  [](const Run& run) { return run.config.has_value(); });
  if (first == comparison.runs.end()) return "";
  std::vector<std::string> keys;
  std::map<std::string, std::string> of_first;
  std::vector<std::map<std::string, std::string>> of_run(comparison.runs.size());
  for (std::size_t r = 0; r < comparison.runs.size(); ++r) {
    if (!comparison.runs[r].config) continue;
    for (const config::Difference& difference :
         config::differences(*first->config, *comparison.runs[r].config)) {
      if (is_noise(difference.key)) continue;
      if (std::find(keys.begin(), keys.end(), difference.key) == keys.end()) keys.push_back(difference.key);
      of_first[difference.key] = difference.left;
      of_run[r][difference.key] = difference.right;
    }
  }
  if (keys.empty()) return "<p>The configs are equal but for <code>run.dir</code>.</p>\n";
  Table table;
  table.numbers = false;
  table.head.push_back({"key"});
  for (std::size_t r = 0; r < comparison.runs.size(); ++r)
    table.head.push_back(
        {comparison.runs[r].name, false, run_class(static_cast<int>(r)), static_cast<int>(r)});
  for (const std::string& key : keys) {
    std::vector<Cell> row{{key}};
    for (std::size_t r = 0; r < comparison.runs.size(); ++r) {
      const auto own = of_run[r].find(key);
      const std::string value = own == of_run[r].end() ? of_first[key] : own->second;
      row.push_back({!comparison.runs[r].config ? "?"
                     : value.empty()            ? "-"
                                                : value,
                     false, "", static_cast<int>(r)});
    }
    table.rows.push_back(std::move(row));
  }
  return to_html(table);
}

}  // namespace

Section config_section(const Comparison& comparison) {
  Section section{"config", "Config", "", {}};
  if (!comparison.single()) {
    section.title = "What the configs differ in";
    section.intro = "Keys that are equal in all runs, and <code>run.dir</code>, are left out.";
    const std::string table = differences_table(comparison);
    if (!table.empty()) section.add_html("<div class=\"card wide\">" + table + "</div>\n");
  }
  std::string configs;
  for (const Run& run : comparison.runs) {
    if (run.yaml.empty()) continue;
    configs +=
        fmt::format("<details class=\"wide\"><summary>{}{}/config.yaml</summary><pre>{}</pre></details>\n",
                    comparison.single() ? "" : escape_markup(run.name) + ": ", escape_markup(run.folder),
                    escape_markup(run.yaml));
  }
  if (!configs.empty()) section.add_html(std::move(configs));
  return section;
}

}  // namespace interlock::report
