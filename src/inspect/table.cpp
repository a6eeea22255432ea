#include "inspect/table.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/error.h"

namespace interlock::inspect {

std::string format_table(const std::vector<Align>& columns, const std::vector<std::vector<std::string>>& rows,
                         int indent) {
  std::vector<std::size_t> widths(columns.size(), 0);
  for (const auto& row : rows) {
    INTERLOCK_CHECK(row.size() == columns.size(), fmt::format("{} cells", row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line(static_cast<std::size_t>(indent), ' ');
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += columns[i] == Align::kRight ? fmt::format("{:>{}}", row[i], widths[i])
                                          : fmt::format("{:<{}}", row[i], widths[i]);
      if (i + 1 < row.size()) line += "  ";
    }
    line.resize(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace interlock::inspect
