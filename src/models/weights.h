#pragma once
// Single weights by name: copying one, and what others call it.

#include <string>

#include <ATen/core/Tensor.h>

#include "models/network.h"

namespace interlock::models {

// Copies `source` into `target` of the same shape and type, converting the type of floats.
// Errors: DataError "<path>: tensor <name> is ..., expected ...".
void copy_tensor(const at::Tensor& target, const at::Tensor& source, const std::string& name,
                 const std::string& path);

// The names of a network's weights in torchvision's ResNet naming: "layers.1.conv1.weight" ->
// "layer1.0.conv1.weight". Heads have none: returns "". REQUIRES network.torchvision_prefixes.
std::string torchvision_name(const Network& network, const std::string& name);

}  // namespace interlock::models
