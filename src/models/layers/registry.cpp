#include "models/layers/registry.h"

#include "models/layers/factories.h"

namespace interlock::models {
namespace {

struct Entry {
  const char* name;
  LayerPtr (*make)(const config::LayerSpec&);
};

constexpr Entry kLayers[] = {
#define INTERLOCK_LAYER(name) {#name, make_##name},
#include "models/layers/layer_list.inc"
#undef INTERLOCK_LAYER
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
