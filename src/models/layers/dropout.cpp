#include "models/layers/dropout.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/types.h>

#include "common/random.h"

namespace interlock::models {

at::Tensor dropout(const at::Tensor& x, double probability, const ForwardContext& context,
                   std::uint64_t branch) {
  if (!context.training || probability == 0) return x;
  const std::uint64_t seed =
      branch == 0 ? derive_seed(context.dropout_seed, SeedPurpose::kDropout, {context.layer})
                  : derive_seed(context.dropout_seed, SeedPurpose::kDropout, {context.layer, branch});
  at::Generator generator = at::detail::createCPUGenerator(seed);
  const double keep = 1 - probability;
  const at::Tensor mask = torch::empty_like(x).bernoulli_(keep, generator).div_(keep);
  return x * mask;
}

}  // namespace interlock::models
