#pragma once
// The number of a tag taken apart again, for those who find one in a record of what a rank waits for
// (common/activity.h).

namespace interlock::comm {

struct TagParts {
  enum class Kind { kActivation, kGradient, kTied, kOther };
  Kind kind = Kind::kOther;
  int hops = 0;
  int micro_batch = 0;
};

// Targets count as the activation that they travel with.
TagParts parts_of_tag(int value);

}  // namespace interlock::comm
