#include "models/layer_sequence.h"

#include <fmt/format.h>
#include <torch/types.h>

#include "models/layers/registry.h"

namespace interlock::models {

LayerSequence::LayerSequence(const std::vector<config::LayerSpec>& specs, const std::string& prefix,
                             int first_number, std::uint64_t seed, SeedPurpose purpose, std::uint64_t group)
    : first_layer_id_(purpose == SeedPurpose::kHeadWeights ? kFirstHeadLayer * (group + 1)
                                                           : static_cast<std::uint64_t>(first_number)) {
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const std::uint64_t number = static_cast<std::uint64_t>(first_number) + i;
    const LayerPtr layer = make_layer(specs[i]);
    torch::manual_seed(derive_seed(seed, purpose, {group, number}));
    layer->initialise();
    for (const auto& item : layer->named_parameters()) {
      parameters_.emplace_back(fmt::format("{}.{}.{}", prefix, number, item.key()), item.value());
    }
    for (const auto& item : layer->named_buffers()) {
      buffers_.emplace_back(fmt::format("{}.{}.{}", prefix, number, item.key()), item.value());
    }
    layers_.push_back(layer);
  }
}

at::Tensor LayerSequence::forward(const at::Tensor& x, ForwardContext context) const {
  at::Tensor h = x;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    context.layer = first_layer_id_ + i;
    h = layers_[i]->forward(h, context);
  }
  return h;
}

std::vector<at::Tensor> LayerSequence::parameter_list() const {
  std::vector<at::Tensor> list;
  for (const auto& [name, tensor] : parameters_) list.push_back(tensor);
  return list;
}

}  // namespace interlock::models
