#pragma once
// What docs/config.md says of each key: that page is in the program, and is the one place where types,
// defaults and ranges are written for people.

#include <string>
#include <vector>

namespace interlock::config {

// As on the page, without its markup.
struct KeyReference {
  std::string key;  // "optimizer.schedule.kind"
  std::string type;
  std::string standard;  // its default
  std::string range;     // "" for none
  std::string meaning;
  std::vector<std::string> values;  // where it is one of a few names; empty else
};

// Every key, in the order of the page.
const std::vector<KeyReference>& reference();

}  // namespace interlock::config
