#pragma once
// Numbers the messages that one stage receives in a batch: all activations, then the gradients loss by loss.
// A dense place instead of a map: the planner asks millions of times.

#include <algorithm>
#include <cstddef>
#include <limits>

#include "schedule/messages.h"

namespace interlock::schedule {

// The arrival of a message that has not come, in seconds.
inline constexpr double kNotYet = std::numeric_limits<double>::infinity();

class Mailbox {
 public:
  // `rule` must outlive it.
  Mailbox(const GradientRule& rule, int stage, int micro_batches)
      : received_(&rule.losses_received(stage)), micro_batches_(static_cast<std::size_t>(micro_batches)) {}

  [[nodiscard]] std::size_t size() const { return (1 + received_->size()) * micro_batches_; }

  [[nodiscard]] std::size_t activation(int m) const { return static_cast<std::size_t>(m); }
  // REQUIRES a loss in losses_received(stage).
  [[nodiscard]] std::size_t gradient(int loss, int m) const {
    const auto found = std::lower_bound(received_->begin(), received_->end(), loss);
    const auto place = static_cast<std::size_t>(found - received_->begin());
    return (1 + place) * micro_batches_ + static_cast<std::size_t>(m);
  }
  [[nodiscard]] std::size_t place(const Message& message) const {
    return message.kind == MessageKind::kActivation ? activation(message.micro_batch)
                                                    : gradient(message.loss, message.micro_batch);
  }

 private:
  const std::vector<int>* received_;
  std::size_t micro_batches_;
};

}  // namespace interlock::schedule
