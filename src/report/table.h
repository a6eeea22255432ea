#pragma once
// A table in HTML. All text is plain: escaped here.

#include <string>
#include <vector>

namespace interlock::report {

struct Cell {
  std::string text;
  bool best = false;
  std::string css = "";  // a colour class: a swatch goes before the text
  int run = -1;          // the page's script hides what belongs to a hidden run
};

struct Table {
  std::vector<Cell> head;
  std::vector<std::vector<Cell>> rows;
  bool numbers = true;  // all columns but the first are numbers
};

std::string to_html(const Table& table);

// Marks the best of a column's (or row's) values: the lowest, or the highest. Nothing where fewer than two
// are numbers, or all are alike.
std::vector<bool> best_of(const std::vector<double>& values, bool lower_is_better);

}  // namespace interlock::report
