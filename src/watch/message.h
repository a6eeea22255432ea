#pragma once
// What watchers say to each other: plain bytes, as schedule/protocol.h, and for a failure its text after
// them.

#include <array>
#include <cstdint>
#include <string>

#include "common/activity.h"

namespace interlock::watch {

enum class Kind : std::int32_t {
  kHeartbeat,   // what this rank is doing
  kAsk,         // a heartbeat, please, now
  kFailed,      // this rank cannot go on: code, text
  kStopSignal,  // this rank got SIGUSR1 or SIGTERM; code: how many of them so far
  kLeaving,     // this rank is done
  kAllLeave,    // everyone is: watching ends
  kEnd,         // the job is being ended by the sender: tidy up, touch nothing
  kLog,         // a warning or an error of this rank: text
};

struct Message {
  Kind kind = Kind::kHeartbeat;
  std::int32_t code = 0;
  std::int32_t transport = 0;  // kFailed: the failure may be another rank's
  std::int32_t reserved = 0;
  Activity activity;
  double since = 0;   // seconds ago, whatever the sender's clock says
  double saving = 0;  // likewise
  std::array<char, 64> host{};
};

// Of this process, as of now.
Message own_message(Kind kind);

std::string encode(const Message& message, const std::string& text = "");
// Errors: BrokenInvariant for bytes that are too few.
Message decode(const std::string& bytes, std::string& text);

// The activity in it, by this process's clock.
Activity received_activity(const Message& message, double now);

}  // namespace interlock::watch
