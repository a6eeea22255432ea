#pragma once
// What a rank's main thread notes of itself while a trace is taken: when it did what, what it waited for,
// which messages it sent and took. Plain data; times are nanoseconds of the own host's monotonic clock.

#include <cstdint>
#include <string>

#include "schedule/action.h"
#include "schedule/protocol.h"

namespace interlock::trace {

enum class RecordKind : std::uint8_t {
  kAction,   // of the schedule; what: schedule::ActionKind
  kWait,     // within an action, or between two; what: the Message that was missing
  kLoad,     // within stage 0's forward: taking a micro-batch from the data set
  kSum,      // within an update: the rest of summing gradients over the replicas
  kSend,     // a moment; what: Message, to `peer`
  kArrival,  // a moment: taken, from `peer`
};

enum class Message : std::uint8_t {
  kActivation,    // with its targets
  kGradient,      // of `loss`
  kTiedGradient,  // of a matrix that several stages hold
  kCount,         // of the targets that are not padding
  kNorm,          // of all stages' gradients
  kOverflow,      // of float16
  kNonfinite,     // was a number found that is none?
  kOrder,         // of the coordinator
  kReport,        // to it
  kRoom,          // no message: a place among the activations that may be under way
};
const char* to_text(Message message);

inline constexpr int kNoPeer = -1;

struct Record {
  RecordKind kind = RecordKind::kAction;
  std::uint8_t what = 0;
  std::int32_t micro_batch = 0;
  std::int32_t loss = 0;        // actions with a loss, and gradients
  std::int32_t stacked = 1;     // input gradients in one pass
  std::int32_t peer = kNoPeer;  // rank
  std::int64_t order = 0;       // how many orders this rank had begun: the same number on all ranks
  std::int64_t begin = 0;
  std::int64_t end = 0;

  [[nodiscard]] schedule::Action action() const {
    return {static_cast<schedule::ActionKind>(what), micro_batch, loss, stacked};
  }
  [[nodiscard]] Message message() const { return static_cast<Message>(what); }
};

// "F 3", "L 3", "I 3@2", "I 3@2-4", "W 3", "B 3@3", "U".
std::string name_of(const schedule::Action& action);

// "activation 3", "gradient 3@2"; of a wait or a message.
std::string name_of_message(const Record& record);

inline Record record_of(const schedule::Action& action) {
  return {RecordKind::kAction, static_cast<std::uint8_t>(action.kind), action.micro_batch, action.loss,
          action.stacked};
}
inline Record record_of(RecordKind kind, Message message, int peer = kNoPeer, int micro_batch = 0,
                        int loss = 0) {
  return {kind, static_cast<std::uint8_t>(message), micro_batch, loss, 1, peer};
}

}  // namespace interlock::trace
