#pragma once
// A table as text: columns as wide as their widest cell, the first row the heads.

#include <string>
#include <vector>

namespace interlock::inspect {

enum class Align { kLeft, kRight };

// Every row has a cell for each column. No trailing blanks; `indent` spaces before each line.
std::string format_table(const std::vector<Align>& columns, const std::vector<std::vector<std::string>>& rows,
                         int indent = 0);

}  // namespace interlock::inspect
