#include "models/layer_sequence.h"

#include <fmt/format.h>
#include <torch/nn/init.h>
#include <torch/types.h>

#include "models/layers/language.h"
#include "models/layers/registry.h"
#include "models/precision.h"

namespace interlock::models {

LayerSequence::LayerSequence(const std::vector<config::LayerSpec>& specs, const std::string& prefix,
                             int first_number, std::uint64_t seed, SeedPurpose purpose, std::uint64_t group,
                             config::Precision precision)
    : first_layer_id_(purpose == SeedPurpose::kHeadWeights ? kFirstHeadLayer * (group + 1)
                                                           : static_cast<std::uint64_t>(first_number)),
      precision_(precision) {
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const std::uint64_t number = static_cast<std::uint64_t>(first_number) + i;
    const LayerPtr layer = make_layer(specs[i]);
    torch::manual_seed(derive_seed(seed, purpose, {group, number}));
    layer->initialise();
    if (const at::Tensor tied = layer->tied_weight(); tied.defined()) {
      torch::manual_seed(derive_seed(seed, SeedPurpose::kTiedWeights, {}));
      torch::nn::init::normal_(tied, 0, kTokenWeightDeviation);
      tied_weights_.push_back(tied);
    }
    for (const auto& item : layer->named_parameters()) {
      parameters_.emplace_back(fmt::format("{}.{}.{}", prefix, number, item.key()), item.value());
    }
    for (const auto& item : layer->named_buffers()) {
      buffers_.emplace_back(fmt::format("{}.{}.{}", prefix, number, item.key()), item.value());
    }
    layers_.push_back(layer);
  }
  frozen_.assign(specs.size(), false);
}

void LayerSequence::freeze(const std::vector<bool>& frozen) {
  for (std::size_t i = 0; i < frozen.size(); ++i) {
    if (!frozen[i]) continue;
    frozen_.at(i) = true;
    for (at::Tensor& parameter : layers_[i]->parameters()) parameter.set_requires_grad(false);
  }
}

void LayerSequence::to(at::Device device) {
  for (const LayerPtr& layer : layers_) {
    for (const at::Tensor& parameter : layer->parameters()) parameter.mutable_grad().reset();
    layer->to(device);
  }
}

at::Tensor LayerSequence::forward(const at::Tensor& x, ForwardContext context) const {
  const AutocastScope autocast(x.device().type(), precision_);
  at::Tensor h = x;
  const bool training = context.training;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    context.layer = first_layer_id_ + i;
    context.training = training && !frozen_[i];
    h = layers_[i]->forward(h, context);
  }
  return h;
}

std::vector<at::Tensor> LayerSequence::parameter_list() const {
  std::vector<at::Tensor> list;
  for (const auto& [name, tensor] : parameters_) {
    if (tensor.requires_grad()) list.push_back(tensor);
  }
  return list;
}

}  // namespace interlock::models
