#pragma once
// The messages that a program implies, as data: what an action consumes and produces.

#include <tuple>
#include <vector>

#include "schedule/action.h"
#include "schedule/gradient_rule.h"

namespace interlock::schedule {

enum class MessageKind { kActivation, kGradient };  // an activation travels with its targets

// One message between neighbouring stages. `stage` is the receiver.
struct Message {
  MessageKind kind = MessageKind::kActivation;
  int stage = 0;
  int micro_batch = 0;
  int loss = 0;  // gradients only

  friend bool operator==(const Message& a, const Message& b) { return a.key() == b.key(); }
  friend bool operator<(const Message& a, const Message& b) { return a.key() < b.key(); }
  [[nodiscard]] std::tuple<MessageKind, int, int, int> key() const {
    return {kind, stage, micro_batch, loss};
  }
};

// What `action` on `stage` must have before it can run (a gradient stays usable by later actions once it has
// arrived).
std::vector<Message> messages_consumed(const GradientRule& rule, int stage, const Action& action);

// What it sends, in order.
std::vector<Message> messages_produced(const GradientRule& rule, int stage, const Action& action);

// Every message a program will receive, in the order of first use: the order to post receives in.
std::vector<Message> receive_order(const GradientRule& rule, int stage, const StageProgram& program);

}  // namespace interlock::schedule
