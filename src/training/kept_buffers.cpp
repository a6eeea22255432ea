#include "training/kept_buffers.h"

#include <torch/types.h>

namespace interlock::training {

KeptBuffers::KeptBuffers(const models::Stage& stage) {
  const auto add = [&](const models::LayerSequence& net) {
    for (const auto& [name, buffer] : net.buffers()) buffers_.push_back(buffer);
  };
  add(stage.main());
  if (stage.has_head()) add(stage.head());
}

void KeptBuffers::keep() {
  const at::NoGradGuard no_grad;
  if (kept_.empty()) {
    for (const at::Tensor& buffer : buffers_) kept_.push_back(torch::empty_like(buffer));
  }
  for (std::size_t i = 0; i < buffers_.size(); ++i) kept_[i].copy_(buffers_[i]);
}

void KeptBuffers::put_back() const {
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < buffers_.size(); ++i) buffers_[i].copy_(kept_.at(i));
}

}  // namespace interlock::training
