#include "data/dataset.h"

#include <algorithm>

#include <torch/types.h>

namespace interlock::data {

Batch to(const Batch& batch, at::Device device) {
  return {batch.inputs.to(device), batch.targets.to(device)};
}

std::int64_t limited(std::int64_t samples, std::int64_t limit) {
  samples = std::max<std::int64_t>(samples, 0);
  return limit > 0 ? std::min(samples, limit) : samples;
}

}  // namespace interlock::data
