#pragma once
// Where each value of a resolved config comes from.

#include <map>
#include <string>
#include <vector>

#include "config/config.h"

namespace interlock::tools {

// By full key ("data.kind"), for people: "a.yaml:3", "command line", "default", "default, from data.kind"
// where it would be another one without that key. Keys that are not in the map are plain defaults.
// `text` is the file's content, "" where it cannot be read a second time (a pipe).
std::map<std::string, std::string> origins_of(const config::Config& config, const std::string& text,
                                              const std::string& source,
                                              const std::vector<std::string>& overrides);

// config::to_yaml() with each value's origin as a comment.
std::string annotated_yaml(const config::Config& config, const std::map<std::string, std::string>& origins);

}  // namespace interlock::tools
