#include "data/dataset.h"

#include <algorithm>

#include <torch/types.h>

namespace interlock::data {

Batch to(const Batch& batch, at::Device device) {
  if (device.is_cpu()) return batch;
  const auto bring = [&](const at::Tensor& t) { return t.pin_memory().to(device, /*non_blocking=*/true); };
  return {bring(batch.inputs), bring(batch.targets)};
}

std::int64_t limited(std::int64_t samples, std::int64_t limit) {
  samples = std::max<std::int64_t>(samples, 0);
  return limit > 0 ? std::min(samples, limit) : samples;
}

}  // namespace interlock::data
