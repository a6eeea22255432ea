#pragma once
// The page: sections in one HTML file that needs nothing else.

#include <string>
#include <vector>

#include "report/sections.h"

namespace interlock::report {

std::string page(const Comparison& comparison, const std::vector<Section>& sections);

// For page(): the style sheet, and the script that reads values off the charts and hides runs. The page says
// everything without the script too.
std::string page_style();
const char* page_script();

}  // namespace interlock::report
