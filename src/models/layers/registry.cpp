#include "models/layers/registry.h"

#include "models/layers/factories.h"

namespace interlock::models {
namespace {

struct Entry {
  const char* name;
  LayerPtr (*make)(const config::LayerSpec&);
};

// One line a layer.
constexpr Entry kLayers[] = {
    {"avgpool2d", make_avgpool2d},
    {"basic_block", make_basic_block},
    {"batchnorm2d", make_batchnorm2d},
    {"bottleneck_block", make_bottleneck_block},
    {"conv2d", make_conv2d},
    {"dropout", make_dropout},
    {"embedding", make_embedding},
    {"flatten", make_flatten},
    {"gbpl", make_gbpl},
    {"gelu", make_gelu},
    {"layernorm", make_layernorm},
    {"linear", make_linear},
    {"maxpool2d", make_maxpool2d},
    {"relu", make_relu},
    {"resnet_stem", make_resnet_stem},
    {"sigmoid", make_sigmoid},
    {"tanh", make_tanh},
};

}  // namespace

LayerPtr make_layer(const config::LayerSpec& spec) {
  for (const Entry& entry : kLayers) {
    if (spec.kind == entry.name) return entry.make(spec);
  }
  config::fail(spec.where, spec.kind, "unknown layer" + config::suggest(spec.kind, layer_names()));
}

std::vector<std::string> layer_names() {
  std::vector<std::string> names;
  for (const Entry& entry : kLayers) names.emplace_back(entry.name);
  return names;
}

}  // namespace interlock::models
