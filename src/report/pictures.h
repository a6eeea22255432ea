#pragma once
// Charts as files.

#include <string>
#include <vector>

#include "report/sections.h"

namespace interlock::report {

struct Pictures {
  std::size_t count = 0;
  std::string problem;  // why there are no PNGs; "" where there are
};

// Every figure as <folder>/<id>.svg, and as <id>.png by way of rsvg-convert where that is installed. Errors:
// IoError.
Pictures write_pictures(const std::string& folder, const std::vector<Section>& sections);

}  // namespace interlock::report
