#include "training/nonfinite_search.h"

#include <cstdlib>
#include <map>
#include <vector>

#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include "models/layout.h"
#include "training/nonfinite.h"

namespace interlock::training {
namespace {

using models::LayerSequence;
using models::Stage;
using models::StageBlueprint;

// Layers are called as in checkpoints.
std::string main_name(const Stage& stage, int i) {
  const StageBlueprint& blueprint = stage.blueprint();
  return fmt::format("layers.{} ({})", blueprint.first_layer + i,
                     blueprint.main.at(static_cast<std::size_t>(i)).kind);
}

std::string head_name(const Stage& stage, int i) {
  return fmt::format("head layer {} (heads.{}.{}, {})", i, stage.number(), i,
                     stage.blueprint().head.at(static_cast<std::size_t>(i)).kind);
}

// A sequence of the one layer, with the weights that it has in `of`.
LayerSequence copy_layer(const Stage& stage, const LayerSequence& of, bool head, int i) {
  const StageBlueprint& blueprint = stage.blueprint();
  const auto place = static_cast<std::size_t>(i);
  LayerSequence copy =
      head ? LayerSequence({blueprint.head.at(place)}, fmt::format("heads.{}", stage.number()), i, 0,
                           SeedPurpose::kHeadWeights, static_cast<std::uint64_t>(stage.number()),
                           blueprint.precision)
           : LayerSequence({blueprint.main.at(place)}, "layers", blueprint.first_layer + i, 0,
                           SeedPurpose::kLayerWeights, 0, blueprint.precision);
  if (!head && !blueprint.frozen.empty()) copy.freeze({blueprint.frozen.at(place)});
  std::map<std::string, at::Tensor> weights(of.parameters().begin(), of.parameters().end());
  weights.insert(of.buffers().begin(), of.buffers().end());
  const at::NoGradGuard no_grad;
  if (!weights.empty()) copy.to(weights.begin()->second.device());
  for (const models::NamedTensors* const named : {&copy.parameters(), &copy.buffers()}) {
    for (const auto& [name, tensor] : *named) tensor.copy_(weights.at(name));
  }
  return copy;
}

// As a second time: averages over batches, and other replicas, are none of its business.
models::ForwardContext again(models::ForwardContext context) {
  context.recomputing = true;
  context.replicas = nullptr;
  return context;
}

// " (its layers.3.weight is so itself)" where a weight is to blame, else "".
std::string bad_weight(const LayerSequence& layer) {
  for (const models::NamedTensors* const named : {&layer.parameters(), &layer.buffers()}) {
    for (const auto& [name, tensor] : *named) {
      if (!all_finite(tensor)) return fmt::format(" (as {} is before it)", name);
    }
  }
  return "";
}

}  // namespace

Suspect search_activation(const Stage& stage, const at::Tensor& input, models::ForwardContext context) {
  const at::NoGradGuard no_grad;
  const int first = stage.blueprint().first_layer;
  const int layers = static_cast<int>(stage.blueprint().main.size());
  at::Tensor h = models::in_compute_layout(input);
  for (int i = 0; i < layers; ++i) {
    const LayerSequence layer = copy_layer(stage, stage.main(), false, i);
    h = layer.forward(h, again(context));
    if (all_finite(h)) continue;
    return {first + i, fmt::format("the output of {}{}", main_name(stage, i), bad_weight(layer))};
  }
  return {first + layers - 1,
          fmt::format("the output of {}, the stage's last layer,", main_name(stage, layers - 1))};
}

Suspect search_loss(const Stage& stage, const at::Tensor& output, models::ForwardContext context) {
  const at::NoGradGuard no_grad;
  at::Tensor h = output.detach();
  const int layers = stage.has_head() ? static_cast<int>(stage.blueprint().head.size()) : 0;
  for (int i = 0; i < layers; ++i) {
    const LayerSequence layer = copy_layer(stage, stage.head(), true, i);
    h = layer.forward(h, again(context));
    if (all_finite(h)) continue;
    return {-1, fmt::format("the loss, from the output of {} on,{}", head_name(stage, i), bad_weight(layer))};
  }
  return {-1, layers == 0 ? "the loss" : "the loss of the head's output"};
}

Suspect search_sent_gradient(const Stage& stage, const at::Tensor& input, const at::Tensor& delta,
                             models::ForwardContext context, int loss) {
  const int first = stage.blueprint().first_layer;
  const int layers = static_cast<int>(stage.blueprint().main.size());
  std::vector<at::Tensor> inputs, outputs;
  std::vector<LayerSequence> copies;
  {
    const at::AutoGradMode gradients(true);
    at::Tensor h = models::in_compute_layout(input);
    for (int i = 0; i < layers; ++i) {
      copies.push_back(copy_layer(stage, stage.main(), false, i));
      inputs.push_back(h.detach().requires_grad_());
      outputs.push_back(copies.back().forward(inputs.back(), again(context)));
      h = outputs.back().detach();
    }
  }
  at::Tensor gradient = delta;
  for (int i = layers - 1; i >= 0; --i) {
    const auto place = static_cast<std::size_t>(i);
    gradient = torch::autograd::grad({outputs[place]}, {inputs[place]}, {gradient})[0];
    if (all_finite(gradient)) continue;
    return {first + i, fmt::format("the gradient of loss {} below {}", loss, main_name(stage, i))};
  }
  return {first, fmt::format("the gradient of loss {} below {}", loss, main_name(stage, 0))};
}

Suspect search_weight_gradient(const Stage& stage) {
  const auto last_bad = [](const LayerSequence& net) {
    std::string found;
    for (const auto& [name, parameter] : net.parameters()) {
      if (parameter.requires_grad() && parameter.grad().defined() && !all_finite(parameter.grad()))
        found = name;
    }
    return found;
  };
  if (const std::string name = last_bad(stage.main()); !name.empty()) {
    const int layer = std::atoi(name.c_str() + name.find('.') + 1);  // "layers.<number>.<parameter>"
    return {
        layer,
        fmt::format(
            "the gradient of {} ({})", name,
            stage.blueprint().main.at(static_cast<std::size_t>(layer - stage.blueprint().first_layer)).kind)};
  }
  if (const std::string name = stage.has_head() ? last_bad(stage.head()) : ""; !name.empty()) {
    const int layer = std::atoi(name.c_str() + name.find('.', name.find('.') + 1) + 1);
    return {-1, fmt::format("the gradient of {} in {}", name, head_name(stage, layer))};
  }
  return {};
}

Suspect guess_activation(const Stage& stage) {
  const std::string weight = bad_weight(stage.main());
  const int layers = static_cast<int>(stage.blueprint().main.size());
  return {-1, fmt::format("the output of its layers, {} to {},{}", stage.blueprint().first_layer,
                          stage.blueprint().first_layer + layers - 1, weight)};
}

}  // namespace interlock::training
