#pragma once
// The one list of every key that exists. docs/config.md explains them, the section_*.cpp files read them.

#include <string>
#include <vector>

namespace interlock::config {

const std::vector<std::string>& section_names();

// The keys of "model", ..., "run", or of the map "optimizer.schedule".
const std::vector<std::string>& keys_of(const std::string& section);

// Why a key that is part of the plan is refused by this version, or "" for any other name.
std::string not_in_this_version(const std::string& full_key);

}  // namespace interlock::config
