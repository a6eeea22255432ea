#pragma once
// The whole network before it is cut: one flat list of layers, whatever kind of model the config asks for. To
// add a model, write a builder like resnet.cpp and one line in network.cpp.

#include <string>
#include <vector>

#include "config/config.h"
#include "models/layer.h"

namespace interlock::models {

// What the data asks of a network.
struct Problem {
  Shape input;               // of one sample
  Shape target;              // of one target; [] for a class number
  std::int64_t classes = 0;  // 0: regression (mean_squared_error)
  bool integer_inputs = false;
  std::int64_t tokens = 0;  // integer inputs are below it; 0: not known
};

struct Network {
  std::vector<config::LayerSpec> layers;
  // The prefix of each layer's tensors in torchvision's naming ("layer1.0."), for ResNets; empty otherwise. A
  // stem's prefix is "".
  std::vector<std::string> torchvision_prefixes;
};

// Errors: UsageError for an unknown layer, a malformed super-block string, a model that needs images and gets
// none.
Network describe_network(const config::Config& config, const Problem& problem);

// The layers of a head from learning.head, a string in the paper code's form, e.g.
// "conv128_bn_conv64_bn_gbpl_fc", for an activation of shape `input`: conv<C> is a 3x3 convolution, bn batch
// norm + ReLU, pool 2x2 and gbpl global average pooling, fc<n> linear + ReLU, fc the final linear layer
// (flattening first where needed); "linear" is short for "fc". Errors: UsageError at learning.head. On tokens
// [T, width]: norm, block (as the model's own), fc (without bias) and unembed, which shares the tied matrix.
std::vector<config::LayerSpec> describe_head(const config::Config& config, const Shape& input,
                                             const Problem& problem);

// Builders, one file each.
Network describe_convnet(const config::ModelConfig& model, const Problem& problem);
Network describe_transformer_lm(const config::Config& config, const Problem& problem);
// One block of that model, as layer; also for heads.
config::LayerSpec transformer_block_spec(const config::ModelConfig& model);
Network describe_resnet(const config::Config& config, const Problem& problem);

}  // namespace interlock::models
