#include "worker/stacked_gradient.h"

#include <ATen/functorch/BatchedTensorImpl.h>
#include <ATen/functorch/DynamicLayer.h>
#include <ATen/functorch/TensorWrapper.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

namespace interlock::worker {
namespace {

namespace functorch = at::functorch;

// While it lives, operations on tensors batched at level() run on all entries of the batch at once.
class VectorisedScope {
 public:
  explicit VectorisedScope(std::int64_t batch)
      : level_(functorch::initAndPushDynamicLayer(functorch::TransformType::Vmap, c10::SymInt(batch),
                                                  functorch::RandomnessType::Error)) {}
  ~VectorisedScope() { functorch::popDynamicLayerAndDeleteMetadata(); }
  VectorisedScope(const VectorisedScope&) = delete;
  VectorisedScope& operator=(const VectorisedScope&) = delete;

  [[nodiscard]] std::int64_t level() const { return level_; }

 private:
  std::int64_t level_;
};

}  // namespace

std::vector<at::Tensor> stacked_input_gradients(const at::Tensor& output, const at::Tensor& input,
                                                const std::vector<at::Tensor>& output_gradients) {
  const at::Tensor stacked = torch::stack(output_gradients);
  const std::int64_t count = stacked.size(0);
  std::vector<at::Tensor> gradients;
  at::Tensor result;
  {
    const VectorisedScope scope(count);
    const at::Tensor batched = functorch::makeBatched(stacked, 0, scope.level());
    const at::Tensor gradient = torch::autograd::grad({output}, {input}, {batched}, /*retain_graph=*/true)[0];
    const functorch::BatchedTensorImpl* const found = functorch::maybeGetBatchedImpl(gradient);
    // Where it is not batched it does not depend on what comes in: it is the same for all.
    if (found == nullptr) return {static_cast<std::size_t>(count), gradient};
    result = found->value().movedim(found->bdim(), 0);
  }
  for (std::int64_t i = 0; i < count; ++i) gradients.push_back(result[i].contiguous());
  return gradients;
}

}  // namespace interlock::worker
