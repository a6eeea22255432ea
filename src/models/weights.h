#pragma once
// Single weights by name: copying one, what others call it, and which vocabulary it goes with.

#include <map>
#include <string>

#include <ATen/core/Tensor.h>

#include "models/network.h"

namespace interlock::models {

// Copies `source` into `target` of the same shape and type, converting the type of floats.
// Errors: DataError "<path>: tensor <name> is ..., expected ...".
void copy_tensor(const at::Tensor& target, const at::Tensor& source, const std::string& name,
                 const std::string& path);

// Where the metadata of a file of weights has the vocabulary that they were trained with
// (DatasetInfo::vocabulary); files of weights that read no text have none.
inline const std::string kVocabulary = "vocabulary";

// Weights are of use with the tokens they were trained on only. Errors: DataError where the metadata and the
// data each name a vocabulary, and not the same.
void require_same_vocabulary(const std::map<std::string, std::string>& metadata,
                             const std::string& vocabulary, const std::string& path);

// The names of a network's weights in torchvision's ResNet naming: "layers.1.conv1.weight" ->
// "layer1.0.conv1.weight". Heads have none: returns "". REQUIRES network.torchvision_prefixes.
std::string torchvision_name(const Network& network, const std::string& name);

}  // namespace interlock::models
