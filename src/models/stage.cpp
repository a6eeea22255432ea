#include "models/stage.h"

#include <fmt/format.h>

namespace interlock::models {

Stage::Stage(const StageBlueprint& blueprint, std::uint64_t seed)
    : blueprint_(blueprint),
      main_(blueprint.main, "layers", blueprint.first_layer, seed, SeedPurpose::kLayerWeights, 0,
            blueprint.precision) {
  main_.freeze(blueprint.frozen);
  if (blueprint.head.empty()) return;
  head_.emplace(blueprint.head, fmt::format("heads.{}", blueprint.stage), 0, seed, SeedPurpose::kHeadWeights,
                static_cast<std::uint64_t>(blueprint.stage), blueprint.precision);
  if (!blueprint.frozen_tied_weights) return;
  for (at::Tensor& copy : tied_weights()) copy.set_requires_grad(false);
}

void Stage::to(at::Device device) {
  main_.to(device);
  if (head_) head_->to(device);
}

NamedTensors Stage::state() const {
  NamedTensors all = main_.parameters();
  all.insert(all.end(), main_.buffers().begin(), main_.buffers().end());
  if (head_) {
    all.insert(all.end(), head_->parameters().begin(), head_->parameters().end());
    all.insert(all.end(), head_->buffers().begin(), head_->buffers().end());
  }
  return all;
}

std::vector<at::Tensor> Stage::tied_weights() const {
  std::vector<at::Tensor> all = main_.tied_weights();
  if (head_) all.insert(all.end(), head_->tied_weights().begin(), head_->tied_weights().end());
  return all;
}

}  // namespace interlock::models
