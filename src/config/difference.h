#pragma once
// How two configs differ, key by key: to tell whether a run in a folder is the one that is asked for.

#include <string>
#include <vector>

#include "config/config.h"

namespace interlock::config {

struct Difference {
  std::string key;          // "learning.horizon"
  std::string left, right;  // the values as YAML; "" where a config has no such key
};

// In the order of to_yaml().
std::vector<Difference> differences(const Config& left, const Config& right);

// Of those, what makes it another experiment: another model, data, rule, optimizer or seed. A run goes on as
// the same one however it is cut, scheduled, shown, kept, or made longer.
std::vector<Difference> differences_of_experiment(const Config& left, const Config& right);

// "learning.horizon is 3, was 2; ..." (`left` was), of the first few.
std::string in_words(const std::vector<Difference>& differences);

}  // namespace interlock::config
