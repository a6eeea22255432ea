#pragma once
// What can only be seen with several sections at hand.

#include "config/config.h"

namespace interlock::config {

// Throws UsageError for the first contradiction, at the place of the key that the user gave.
void check_across_sections(const Config& config);

}  // namespace interlock::config
