#include "models/training_context.h"

#include "common/random.h"

namespace interlock::models {

ForwardContext training_context(std::uint64_t seed, std::int64_t epoch, std::int64_t step, int m) {
  ForwardContext context;
  context.training = true;
  context.dropout_seed = derive_seed(
      seed, SeedPurpose::kDropout,
      {static_cast<std::uint64_t>(epoch), static_cast<std::uint64_t>(step), static_cast<std::uint64_t>(m)});
  return context;
}

}  // namespace interlock::models
