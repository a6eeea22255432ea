#include "sweep/table.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/text.h"

namespace interlock::sweep {
namespace {

using nlohmann::ordered_json;

std::string number(double value) {
  return std::isfinite(value) ? fmt::format("{:.4f}", value) : "";
}

ordered_json number_or_null(double value) {
  return std::isfinite(value) ? ordered_json(value) : ordered_json(nullptr);
}

bool is_ranked(const Outcome& outcome) {
  return outcome.state == State::kDone && std::isfinite(outcome.score);
}

std::string value_of(const SweepRun& run, const std::string& key) {
  for (const Setting& setting : run.settings) {
    if (setting.key == key) return shown_value(setting.value);
  }
  return "";
}

std::string state_of(const Outcome& outcome) {
  if (outcome.state == State::kDone && !std::isfinite(outcome.score)) return "diverged";
  if (outcome.state != State::kFailed) return name_of(outcome.state);
  return fmt::format("failed ({})", outcome.exit_code);
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string markdown_field(const std::string& text) {
  std::string result;
  for (const char c : text) result += c == '|' ? std::string("\\|") : std::string(1, c);
  return result;
}

// One line a row of `table`, header included.
template <class Field>
std::string lines(const Table& table, const std::string& separator, Field&& field) {
  std::string result;
  const auto add = [&](const std::vector<std::string>& row) {
    std::vector<std::string> fields;
    for (const std::string& text : row) fields.push_back(field(text));
    result += join(fields, separator) + "\n";
  };
  add(table.header);
  for (const auto& row : table.rows) add(row);
  return result;
}

ordered_json run_as_json(const Outcome& outcome, int rank) {
  const SweepRun& run = *outcome.run;
  ordered_json settings = ordered_json::object();
  for (const Setting& setting : run.settings)
    settings[setting.key] = ordered_json::parse(json_text(setting.value));
  ordered_json line = {{"rank", rank > 0 ? ordered_json(rank) : ordered_json(nullptr)},
                       {"index", run.index},
                       {"name", run.name},
                       {"settings", settings},
                       {"state", name_of(outcome.state)},
                       {"score", number_or_null(outcome.score)}};
  const bool known = outcome.evaluation.has_value();
  line["loss"] = known ? number_or_null(outcome.evaluation->loss) : nullptr;
  line["accuracy"] = known ? number_or_null(outcome.evaluation->accuracy) : nullptr;
  line["step"] = known ? ordered_json(outcome.evaluation->step) : nullptr;
  line["epoch"] = known ? ordered_json(outcome.evaluation->epoch) : nullptr;
  line["seconds"] = outcome.seconds;
  line["ranks"] = run.ranks;
  line["folder"] = run.files.folder;
  line["config"] = run.files.config;
  if (outcome.state == State::kFailed) {
    line["exit_code"] = outcome.exit_code;
    line["error"] = outcome.error;
  }
  return line;
}

}  // namespace

Table make_table(const SweepPlan& plan, const std::vector<Outcome>& ranked) {
  Table table;
  table.header = {"rank"};
  table.header.insert(table.header.end(), plan.columns.begin(), plan.columns.end());
  for (const char* name : {"score", "loss", "accuracy", "seconds", "state"}) table.header.emplace_back(name);
  for (const Outcome& outcome : ranked) {
    std::vector<std::string> row = {is_ranked(outcome) ? std::to_string(table.rows.size() + 1) : ""};
    for (const std::string& key : plan.keys) row.push_back(value_of(*outcome.run, key));
    row.push_back(number(outcome.score));
    row.push_back(outcome.evaluation ? number(outcome.evaluation->loss) : "");
    row.push_back(outcome.evaluation ? number(outcome.evaluation->accuracy) : "");
    row.push_back(outcome.seconds > 0 ? fmt::format("{:.1f}", outcome.seconds) : "");
    row.push_back(state_of(outcome));
    table.rows.push_back(row);
  }
  return table;
}

std::string as_text(const Table& table) {
  std::vector<std::size_t> width;
  for (std::size_t i = 0; i < table.header.size(); ++i) {
    width.push_back(table.header[i].size());
    for (const auto& row : table.rows) width[i] = std::max(width[i], row[i].size());
  }
  std::size_t column = 0;
  return lines(table, "  ", [&](const std::string& text) {
    const std::size_t i = column++ % width.size();
    return i + 1 < width.size() ? fmt::format("{:>{}}", text, width[i]) : text;
  });
}

std::string as_markdown(const Table& table) {
  std::string text;
  for (const std::string& line : {std::string("header"), std::string("rule")}) {
    text += "|";
    for (const std::string& name : table.header)
      text += line == "header" ? " " + markdown_field(name) + " |" : "---|";
    text += "\n";
  }
  for (const auto& row : table.rows) {
    text += "|";
    for (const std::string& field : row) text += " " + markdown_field(field) + " |";
    text += "\n";
  }
  return text;
}

std::string as_csv(const Table& table) {
  return lines(table, ",", csv_field);
}

std::string as_json(const SweepPlan& plan, const std::vector<Outcome>& ranked) {
  const Outcome* best = best_of(ranked);
  ordered_json document = {{"grid", plan.grid.file},
                           {"base", plan.grid.base},
                           {"score", name_of(plan.grid.score)},
                           {"when", plan.grid.when == Moment::kBest ? "best" : "last"},
                           {"validation", plan.validation},
                           {"best", best != nullptr ? ordered_json(best->run->name) : ordered_json(nullptr)},
                           {"runs", ordered_json::array()}};
  int rank = 0;
  for (const Outcome& outcome : ranked)
    document["runs"].push_back(run_as_json(outcome, is_ranked(outcome) ? ++rank : 0));
  return document.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace interlock::sweep
