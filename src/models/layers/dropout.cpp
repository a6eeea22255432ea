#include "models/layers/dropout.h"

#include <torch/types.h>

#include "common/random.h"
#include "models/layers/dropout_mask.h"

namespace interlock::models {

at::Tensor dropout(const at::Tensor& x, double probability, const ForwardContext& context,
                   std::uint64_t branch) {
  if (!context.training || probability == 0) return x;
  DropoutDraw draw;
  draw.seed = branch == 0 ? derive_seed(context.dropout_seed, SeedPurpose::kDropout, {context.layer})
                          : derive_seed(context.dropout_seed, SeedPurpose::kDropout, {context.layer, branch});
  draw.keep = 1 - probability;
  draw.first_row = context.first_row;
  // float32 also where x has fewer bits, which could not hold 1 / (1 - p).
  return (x * dropout_mask(x.sizes().vec(), draw, x.device())).to(x.scalar_type());
}

}  // namespace interlock::models
