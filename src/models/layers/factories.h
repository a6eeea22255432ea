#pragma once
// The maker of every layer, for the registry. Arguments are documented in docs/models.md.

#include "models/layer.h"

namespace interlock::models {

LayerPtr make_avgpool2d(const config::LayerSpec& spec);
LayerPtr make_basic_block(const config::LayerSpec& spec);
LayerPtr make_batchnorm2d(const config::LayerSpec& spec);
LayerPtr make_bottleneck_block(const config::LayerSpec& spec);
LayerPtr make_conv2d(const config::LayerSpec& spec);
LayerPtr make_dropout(const config::LayerSpec& spec);
LayerPtr make_embedding(const config::LayerSpec& spec);
LayerPtr make_flatten(const config::LayerSpec& spec);
LayerPtr make_gbpl(const config::LayerSpec& spec);
LayerPtr make_gelu(const config::LayerSpec& spec);
LayerPtr make_layernorm(const config::LayerSpec& spec);
LayerPtr make_linear(const config::LayerSpec& spec);
LayerPtr make_maxpool2d(const config::LayerSpec& spec);
LayerPtr make_relu(const config::LayerSpec& spec);
LayerPtr make_resnet_stem(const config::LayerSpec& spec);
LayerPtr make_sigmoid(const config::LayerSpec& spec);
LayerPtr make_tanh(const config::LayerSpec& spec);

}  // namespace interlock::models
