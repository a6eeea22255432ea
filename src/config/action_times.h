#pragma once
// The map of milliseconds that schedule.costs and run.simulated share.

#include <array>
#include <string>

#include "config/config.h"
#include "config/section.h"

namespace interlock::config {

struct ActionTimeKey {
  const char* name;
  std::vector<double> ActionTimes::*values;
  bool required;
};

// In the order in which they are written out.
const std::array<ActionTimeKey, 6>& action_time_keys();

// Reads the map at `node`, called `key` in messages, and fills in the defaults; records the places of its
// keys. Throws UsageError for what is missing, negative or no number. check_across_sections() compares the
// lengths of lists with the number of stages.
ActionTimes read_action_times(const YamlNode& node, const std::string& key, Origins& origins);

}  // namespace interlock::config
