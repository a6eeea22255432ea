#pragma once
// How an Activity (common/activity.h) says that a control message is waited for: a worker waits for the
// coordinator's, the coordinator for anyone's.

#include "common/activity.h"

namespace interlock::comm {

inline constexpr int kAnyRank = -2;      // as a peer
inline constexpr int kControlWait = -2;  // as a tag

}  // namespace interlock::comm
