#pragma once
// Weights in and out of a stage, by name.

#include <string>

#include "models/stage.h"
#include "storage/safetensors.h"

namespace interlock::models {

// Overwrites a stage's weights from a file with export's names. Main layers must be there in full; a head
// that the file does not have keeps its random start (returns a note saying so, else ""). Buffers (batch-norm
// statistics) may be missing. Tensors of other stages are ignored, tensors that fit no layer of the network
// are refused. Errors: DataError with file, tensor, expected and found shape.
std::string load_weights(const Stage& stage, const Blueprint& blueprint, const storage::TensorFile& file,
                         const std::string& path);

// Copies `source` into `target` of the same shape and type, converting the type of floats.
// Errors: DataError "<path>: tensor <name> is ..., expected ...".
void copy_tensor(const at::Tensor& target, const at::Tensor& source, const std::string& name,
                 const std::string& path);

// The names of a network's weights in torchvision's ResNet naming: "layers.1.conv1.weight" ->
// "layer1.0.conv1.weight". Heads have none: returns "". REQUIRES network.torchvision_prefixes.
std::string torchvision_name(const Network& network, const std::string& name);

}  // namespace interlock::models
