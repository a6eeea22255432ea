#include "comm/tag.h"

#include <fmt/format.h>

#include "common/error.h"

namespace interlock::comm {

Tag::Tag(Kind kind, int hops, int number) : value_(static_cast<int>(kind) << 28 | hops << 16 | number) {
  INTERLOCK_CHECK(0 <= hops && hops < (1 << 12), fmt::format("hops {}", hops));
  INTERLOCK_CHECK(0 <= number && number < (1 << 16), fmt::format("number {}", number));
}

int Tag::in_batch(int micro_batch, std::int64_t batch) {
  INTERLOCK_CHECK(0 <= micro_batch && micro_batch < (1 << 12), fmt::format("micro-batch {}", micro_batch));
  return static_cast<int>(batch & 0xf) << 12 | micro_batch;
}

std::string Tag::text() const {
  const int number = value_ & 0xffff;
  const int micro_batch = value_ & 0xfff;
  const int hops = value_ >> 16 & 0xfff;
  switch (static_cast<Kind>(value_ >> 28)) {
    case Kind::kActivation:
      return fmt::format("activation of micro-batch {}", micro_batch);
    case Kind::kTargets:
      return fmt::format("targets of micro-batch {}", micro_batch);
    case Kind::kGradient:
      if (hops == 0) return "gradient of the tied matrix";
      return fmt::format("gradient ({} hop{}) of micro-batch {}", hops, hops == 1 ? "" : "s", micro_batch);
    case Kind::kTensor:
      return fmt::format("tensor {}", hops << 16 | number);
    case Kind::kSum:
      return fmt::format("{} {} among replicas", hops % 2 == 0 ? "part of sum" : "sum", number);
    case Kind::kNumbers:
      return "numbers for the update";
  }
  return "message";
}

}  // namespace interlock::comm
