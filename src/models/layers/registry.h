#pragma once
// From a layer's name in the config to a layer.

#include <string>
#include <vector>

#include "models/layer.h"

namespace interlock::models {

// Builds a layer with memory for its weights, not yet initialised.
// Errors: UsageError at the layer's place for an unknown name (with the nearest one) or wrong arguments.
LayerPtr make_layer(const config::LayerSpec& spec);

// Errors: UsageError as make_layer() for a name that it does not know; cheaper.
void require_known(const config::LayerSpec& spec);

std::vector<std::string> layer_names();  // registered ones first

}  // namespace interlock::models
