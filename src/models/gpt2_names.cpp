#include "models/gpt2_names.h"

#include <fmt/format.h>
#include <torch/types.h>

#include "common/error.h"

namespace interlock::models {

storage::TensorFile with_gpt2_names(const storage::TensorFile& weights, int last_layer, bool tied) {
  storage::TensorFile renamed;
  renamed.metadata = {{"format", "pt"}};
  const auto add = [&](const std::string& ours, const std::string& theirs, bool transposed) {
    const at::Tensor* const found = weights.find(ours);
    INTERLOCK_CHECK(found != nullptr, "no tensor " + ours);
    renamed.tensors.emplace_back(theirs, transposed ? found->t().contiguous() : *found);
  };
  add("layers.0.token.weight", kGpt2Prefix + "wte.weight", false);
  add("layers.0.position.weight", kGpt2Prefix + "wpe.weight", false);
  for (int block = 0; block + 1 < last_layer; ++block) {
    for (const Gpt2Part& part : kGpt2BlockParts) {
      add(fmt::format("layers.{}.{}", block + 1, part.ours),
          fmt::format("{}h.{}.{}", kGpt2Prefix, block, part.theirs), part.transposed);
    }
  }
  add(fmt::format("layers.{}.norm.weight", last_layer), kGpt2Prefix + "ln_f.weight", false);
  add(fmt::format("layers.{}.norm.bias", last_layer), kGpt2Prefix + "ln_f.bias", false);
  if (!tied) add(fmt::format("layers.{}.projection.weight", last_layer), "lm_head.weight", false);
  return renamed;
}

}  // namespace interlock::models
