#include "models/layers/registry.h"

#include <algorithm>

#include <fmt/format.h>

#include "config/scalar.h"
#include "models/layers/factories.h"
#include "models/registered.h"

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

[[noreturn]] void fail_unknown(const config::LayerSpec& spec) {
  config::fail(spec.where, "",
               fmt::format("unknown layer '{}'{}", config::shorten(spec.kind),
                           config::suggest(spec.kind, layer_names())));
}

}  // namespace

LayerPtr make_layer(const config::LayerSpec& spec) {
  for (const Entry& entry : kLayers) {
    if (spec.kind == entry.name) return entry.make(spec);
  }
  if (const MakeLayer* own = find_registered_layer(spec.kind)) return (*own)(spec);
  if (is_registered_model(spec.kind))
    config::fail(spec.where, spec.kind, "stands for several layers; it may stand in model.layers alone");
  fail_unknown(spec);
}

void require_known(const config::LayerSpec& spec) {
  const std::vector<std::string> names = layer_names();
  if (std::find(names.begin(), names.end(), spec.kind) == names.end()) fail_unknown(spec);
}

std::vector<std::string> layer_names() {
  std::vector<std::string> names = registered_names();
  for (const Entry& entry : kLayers) names.emplace_back(entry.name);
  return names;
}

}  // namespace interlock::models
