#include "data/dataset.h"

#include <torch/types.h>

namespace interlock::data {

Batch to(const Batch& batch, at::Device device) {
  return {batch.inputs.to(device), batch.targets.to(device)};
}

}  // namespace interlock::data
