#pragma once
// The one list of every key that exists. docs/config.md explains them, the section_*.cpp files read them.

#include <string>
#include <vector>

namespace interlock::config {

const std::vector<std::string>& section_names();

// The keys of "model", ..., "run", or of a map inside a section: "optimizer.schedule", "schedule.link",
// "schedule.costs", "run.simulated".
const std::vector<std::string>& keys_of(const std::string& section);

}  // namespace interlock::config
