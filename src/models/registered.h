#pragma once
// What extension.h has registered, for those who build networks.

#include <string>
#include <vector>

#include "models/extension.h"

namespace interlock::models {

const MakeLayer* find_registered_layer(const std::string& name);  // nullptr: none
bool is_registered_model(const std::string& name);
std::vector<std::string> registered_names();  // of both

// `layers` with the layers of registered models in their places; those have the model's place in the config.
std::vector<config::LayerSpec> expand_models(const std::vector<config::LayerSpec>& layers,
                                             const Problem& problem);

}  // namespace interlock::models
