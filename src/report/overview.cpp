#include <algorithm>
#include <cmath>
#include <functional>

#include <fmt/format.h>

#include "common/text.h"
#include "report/format.h"
#include "report/sections.h"
#include "report/table.h"

namespace interlock::report {
namespace {

std::string tile(const std::string& label, const std::string& value, const std::string& more) {
  return fmt::format("<div class=\"tile\"><span>{}</span><b>{}</b><small>{}</small></div>\n",
                     escape_markup(label), escape_markup(value), escape_markup(more));
}

std::string plural(double count, const char* what) {
  return fmt::format("{} {}{}", with_thousands(count), what, count == 1 ? "" : "s");
}

std::string tiles_of_one(const Run& run, const Summary& s) {
  std::string html;
  if (run.text()) {
    html += tile("Perplexity", format_number(s.final_perplexity), "best " + format_number(s.best_perplexity));
  } else if (std::isfinite(s.final_accuracy)) {
    html += tile("Accuracy", format(s.final_accuracy, Unit::kPercent),
                 "best " + format(s.best_accuracy, Unit::kPercent));
  }
  if (std::isfinite(s.final_loss)) {
    html += tile("Evaluation loss", format_number(s.final_loss), "best " + format_number(s.best_loss));
  }
  html += tile("Training loss", format_number(s.final_training_loss),
               run.metrics.epochs.empty() ? "last steps" : "last epoch");
  const std::string length = plural(static_cast<double>(s.steps), "step");
  html += tile(
      "Training time", format(s.seconds, Unit::kSeconds),
      std::isfinite(s.epochs) ? fmt::format("{}, {} epochs", length, format_number(s.epochs, 3)) : length);
  if (run.text() && std::isfinite(s.tokens_per_second)) {
    html += tile("Tokens a second", with_thousands(s.tokens_per_second),
                 fmt::format("median step {}", format(s.step_seconds, Unit::kSeconds)));
  } else {
    html += tile("Samples a second", with_thousands(s.samples_per_second),
                 fmt::format("median step {}", format(s.step_seconds, Unit::kSeconds)));
  }
  html += tile("Busy", format(s.busy_mean(), Unit::kPercent), "mean of the stages");
  html += tile("Peak memory", format(s.memory_most(), Unit::kMebibytes), "of the largest stage");
  return html;
}

// Which run is best at something, and by how much.
std::string winner(const Comparison& comparison, const std::string& label, Unit unit, bool lower_is_better,
                   const std::function<double(const Summary&)>& value_of) {
  std::vector<double> values;
  for (const Summary& summary : comparison.summaries) values.push_back(value_of(summary));
  const std::vector<bool> best = best_of(values, lower_is_better);
  const auto found = std::find(best.begin(), best.end(), true);
  if (found == best.end()) return "";
  const auto index = static_cast<std::size_t>(found - best.begin());
  std::vector<double> others;
  for (std::size_t r = 0; r < values.size(); ++r) {
    if (r != index && std::isfinite(values[r])) others.push_back(values[r]);
  }
  const auto [low, high] = std::minmax_element(others.begin(), others.end());
  const std::string range = others.size() == 1
                                ? "other " + format(*low, unit)
                                : fmt::format("others {} to {}", format(*low, unit), format(*high, unit));
  return fmt::format(
      "<div class=\"tile\"><span>{}</span><b><i class=\"swatch {}\"></i>{}</b><small>{}; "
      "{}</small></div>\n",
      escape_markup(label), run_class(static_cast<int>(index)),
      escape_markup(shorten(comparison.runs[index].name, 22)), escape_markup(format(values[index], unit)),
      escape_markup(range));
}

std::string tiles_of_many(const Comparison& c) {
  std::string html;
  if (c.all_text()) {
    html +=
        winner(c, "Best perplexity", Unit::kNumber, true, [](const Summary& s) { return s.best_perplexity; });
  } else if (c.any_accuracy()) {
    html +=
        winner(c, "Best accuracy", Unit::kPercent, false, [](const Summary& s) { return s.best_accuracy; });
  } else {
    html += winner(c, "Best loss", Unit::kNumber, true, [](const Summary& s) { return s.best_loss; });
  }
  if (c.all_text()) {
    html += winner(c, "Most tokens a second", Unit::kNumber, false,
                   [](const Summary& s) { return s.tokens_per_second; });
  } else {
    html += winner(c, "Most samples a second", Unit::kNumber, false,
                   [](const Summary& s) { return s.samples_per_second; });
  }
  html += winner(c, "Least training time", Unit::kSeconds, true, [](const Summary& s) { return s.seconds; });
  html += winner(c, "Busiest stages", Unit::kPercent, false, [](const Summary& s) { return s.busy_mean(); });
  html += winner(c, "Least memory", Unit::kMebibytes, true, [](const Summary& s) { return s.memory_most(); });
  return html;
}

// A column of the table of runs.
struct Column {
  std::string title;
  Unit unit;
  int better;  // -1 lower, 1 higher, 0 neither
  std::function<double(const Summary&)> value;
};

std::vector<Column> columns_of(const Comparison& c) {
  std::vector<Column> columns;
  if (c.all_text()) {
    columns.push_back({"perplexity", Unit::kNumber, -1, [](const Summary& s) { return s.final_perplexity; }});
    columns.push_back({"best", Unit::kNumber, -1, [](const Summary& s) { return s.best_perplexity; }});
  } else if (c.any_accuracy()) {
    columns.push_back({"accuracy", Unit::kPercent, 1, [](const Summary& s) { return s.final_accuracy; }});
    columns.push_back({"best", Unit::kPercent, 1, [](const Summary& s) { return s.best_accuracy; }});
  }
  columns.push_back({"evaluation loss", Unit::kNumber, -1, [](const Summary& s) { return s.final_loss; }});
  columns.push_back({"best", Unit::kNumber, -1, [](const Summary& s) { return s.best_loss; }});
  columns.push_back(
      {"training loss", Unit::kNumber, -1, [](const Summary& s) { return s.final_training_loss; }});
  columns.push_back({"training time", Unit::kSeconds, -1, [](const Summary& s) { return s.seconds; }});
  if (c.all_text()) {
    columns.push_back({"tokens/s", Unit::kNumber, 1, [](const Summary& s) { return s.tokens_per_second; }});
  } else {
    columns.push_back({"samples/s", Unit::kNumber, 1, [](const Summary& s) { return s.samples_per_second; }});
  }
  columns.push_back({"median step", Unit::kSeconds, -1, [](const Summary& s) { return s.step_seconds; }});
  columns.push_back({"busy", Unit::kPercent, 1, [](const Summary& s) { return s.busy_mean(); }});
  columns.push_back({"peak memory", Unit::kMebibytes, -1, [](const Summary& s) { return s.memory_most(); }});
  return columns;
}

std::string runs_table(const Comparison& comparison) {
  Table table;
  table.head = {{"run"}, {"stages"}, {"horizon"}, {"steps"}};
  std::vector<std::vector<Cell>> rows;
  for (std::size_t r = 0; r < comparison.runs.size(); ++r) {
    const Run& run = comparison.runs[r];
    rows.push_back({{run.name, false, run_class(static_cast<int>(r))},
                    {std::to_string(run.stages)},
                    {run.horizon > 0 ? std::to_string(run.horizon) : "-"},
                    {with_thousands(static_cast<double>(comparison.summaries[r].steps))}});
  }
  for (const Column& column : columns_of(comparison)) {
    std::vector<double> values;
    for (const Summary& summary : comparison.summaries) values.push_back(column.value(summary));
    if (std::none_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); }))
      continue;
    table.head.push_back({column.title});
    const std::vector<bool> best =
        column.better == 0 ? std::vector<bool>(values.size()) : best_of(values, column.better < 0);
    for (std::size_t r = 0; r < values.size(); ++r)
      rows[r].push_back({format(values[r], column.unit), best[r]});
  }
  table.rows = std::move(rows);
  return fmt::format("<div class=\"card wide\">{}</div>\n", to_html(table));
}

// What one should know before believing the figures.
std::string notes(const Comparison& comparison) {
  std::vector<std::string> lines;
  for (std::size_t r = 0; r < comparison.runs.size(); ++r) {
    const Run& run = comparison.runs[r];
    const Summary& summary = comparison.summaries[r];
    const std::string who = comparison.single() ? "The run" : run.name;
    if (run.state != State::kDone)
      lines.push_back(fmt::format("{} is not finished: {}.", who, state_in_words(run)));
    if (summary.left_out > 0) {
      lines.push_back(fmt::format("{}: {} left out because a number was not finite.", who,
                                  plural(static_cast<double>(summary.left_out), "update")));
    }
    if (run.metrics.evaluations.empty())
      lines.push_back(fmt::format("{} has no evaluation yet (training.eval_every_epochs).", who));
    if (!run.config) lines.push_back(fmt::format("{}: its folder has no config.yaml.", who));
  }
  std::string html;
  for (const std::string& line : lines)
    html += fmt::format("<p class=\"notice\">{}</p>\n", escape_markup(line));
  return html;
}

}  // namespace

Section overview(const Comparison& comparison) {
  Section section{"overview", "", "", {}};
  const std::string tiles = comparison.single()
                                ? tiles_of_one(comparison.runs.front(), comparison.summaries.front())
                                : tiles_of_many(comparison);
  section.add_html(notes(comparison) + "<div class=\"tiles wide\">\n" + tiles + "</div>\n");
  if (!comparison.single()) section.add_html(runs_table(comparison));
  return section;
}

bool Comparison::all_text() const {
  return std::all_of(runs.begin(), runs.end(), [](const Run& run) { return run.text(); });
}

bool Comparison::any_accuracy() const {
  return std::any_of(summaries.begin(), summaries.end(),
                     [](const Summary& summary) { return std::isfinite(summary.best_accuracy); });
}

int Comparison::most_stages() const {
  int most = 0;
  for (const Run& run : runs) most = std::max(most, run.stages);
  return most;
}

void Section::add(Figure figure) {
  if (figure.width > 0) blocks.push_back({std::move(figure), ""});
}

}  // namespace interlock::report
