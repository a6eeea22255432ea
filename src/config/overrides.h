#pragma once
// "key.path=value" from the command line, laid over the document before anything is checked.

#include <string>

#include "config/yaml_node.h"

namespace interlock::config {

// Sets one key in `root`, a map or a null node. The value is YAML; an empty one takes the key back to its
// default. Keys are not checked here: the sections do that for both sources alike. Errors: UsageError at
// "command line", for a malformed override and for a path through something that is no map.
void apply_override(YamlNode& root, const std::string& text);

}  // namespace interlock::config
