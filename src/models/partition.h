#pragma once
// Which layers make up which stage.

#include <vector>

#include "config/config.h"

namespace interlock::models {

struct LayerRange {
  int first = 0;
  int count = 0;
};

// Cuts `layers` layers into config.partition.stages ranges: by partition.layers where given, else into equal
// counts (the first ranges take the remainder). Errors: UsageError if there are fewer layers than stages, or
// the counts leave a stage empty or do not add up.
std::vector<LayerRange> cut(const config::Config& config, int layers);

}  // namespace interlock::models
