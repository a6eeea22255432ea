#include "models/layers/dropout.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <torch/types.h>

#include "common/random.h"

namespace interlock::models {
namespace {

at::Generator generator_for(const at::Device& device, std::uint64_t seed) {
  if (device.is_cpu()) return at::detail::createCPUGenerator(seed);
  at::Generator generator =
      at::globalContext().getAcceleratorHooksInterface(device.type()).getNewGenerator(device.index());
  generator.set_current_seed(seed);
  return generator;
}

// For all samples of the micro-batch, also where x holds a replica's part of them: each gets the same mask
// however many replicas there are. Laid out as x is; samples are its outermost dimension.
at::Tensor uninitialised_mask(const at::Tensor& x, const ForwardContext& context) {
  // float32 also where x has fewer bits, which could not hold 1 / (1 - p).
  if (context.micro_batch_samples == 0) return torch::empty_like(x, torch::kFloat);
  std::vector<std::int64_t> sizes = x.sizes().vec();
  sizes[0] = context.micro_batch_samples;
  return at::empty_strided(sizes, x.strides(), x.options().dtype(torch::kFloat));
}

}  // namespace

at::Tensor dropout(const at::Tensor& x, double probability, const ForwardContext& context,
                   std::uint64_t branch) {
  if (!context.training || probability == 0) return x;
  const std::uint64_t seed =
      branch == 0 ? derive_seed(context.dropout_seed, SeedPurpose::kDropout, {context.layer})
                  : derive_seed(context.dropout_seed, SeedPurpose::kDropout, {context.layer, branch});
  const double keep = 1 - probability;
  at::Generator generator = generator_for(x.device(), seed);
  const at::Tensor mask = uninitialised_mask(x, context).bernoulli_(keep, generator).div_(keep);
  const bool whole = mask.size(0) == x.size(0);
  const at::Tensor own = whole ? mask : mask.narrow(0, context.first_row, x.size(0));
  return (x * own).to(x.scalar_type());
}

}  // namespace interlock::models
