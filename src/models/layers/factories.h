#pragma once
// The maker of every layer of layer_list.inc. Arguments are documented in docs/models.md.

#include "models/layer.h"

namespace interlock::models {

#define INTERLOCK_LAYER(name) LayerPtr make_##name(const config::LayerSpec& spec);
#include "models/layers/layer_list.inc"
#undef INTERLOCK_LAYER

}  // namespace interlock::models
