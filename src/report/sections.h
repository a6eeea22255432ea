#pragma once
// The parts of a report: what each shows, of all runs together. Each returns a section without blocks where
// there is nothing to show.

#include <string>
#include <vector>

#include "report/figure.h"
#include "report/run.h"
#include "report/summary.h"

namespace interlock::report {

// The runs that a report is about.
struct Comparison {
  std::vector<Run> runs;
  std::vector<Summary> summaries;  // [i]: of runs[i]

  [[nodiscard]] bool single() const { return runs.size() == 1; }
  [[nodiscard]] bool all_text() const;
  [[nodiscard]] bool any_accuracy() const;  // of evaluations
  [[nodiscard]] int most_stages() const;
};

// A figure, or, where it has none, HTML.
struct Block {
  Figure figure;
  std::string html;
};

struct Section {
  std::string id, title;
  std::string intro;  // HTML
  std::vector<Block> blocks;

  void add(Figure figure);  // unless it is empty
  void add_html(std::string html) { blocks.push_back({{}, std::move(html)}); }
};

Section overview(const Comparison& comparison);          // verdict in figures
Section learning_section(const Comparison& comparison);  // loss and accuracy, by epoch and by time
Section stages_section(const Comparison& comparison);    // what each stage's head gives
Section time_section(const Comparison& comparison);      // who computes when
Section memory_section(const Comparison& comparison);
Section schedule_section(const Comparison& comparison);  // planned timelines
Section config_section(const Comparison& comparison);    // differences

}  // namespace interlock::report
