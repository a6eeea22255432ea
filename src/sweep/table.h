#pragma once
// The runs of a sweep as a table, best first: for the terminal, as Markdown, as CSV and as JSON. Pure
// functions.

#include <string>
#include <vector>

#include "sweep/outcome.h"
#include "sweep/plan.h"

namespace interlock::sweep {

struct Table {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
};

// rank, a column a swept key, score, loss, accuracy, seconds, state. Only done runs with a finite score have
// a rank. `ranked` as ranked_outcomes() gives them.
Table make_table(const SweepPlan& plan, const std::vector<Outcome>& ranked);

std::string as_text(const Table& table);
std::string as_markdown(const Table& table);
std::string as_csv(const Table& table);  // RFC 4180; numbers as in the other forms

// {"grid", "base", "score", "when", "validation", "best", "runs": [...]}, numbers in full; null for what is
// not known.
std::string as_json(const SweepPlan& plan, const std::vector<Outcome>& ranked);

}  // namespace interlock::sweep
