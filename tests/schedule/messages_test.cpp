#include "schedule/messages.h"

#include <set>

#include "schedule/generator.h"
#include "schedule_support.h"
#include "support/catch.h"

namespace interlock::schedule {
namespace {

using Messages = std::vector<Message>;

Message activation(int stage, int m) {
  return {MessageKind::kActivation, stage, m, 0};
}
Message gradient(int stage, int m, int loss) {
  return {MessageKind::kGradient, stage, m, loss};
}

TEST_CASE("a forward takes an activation from below and sends one up, except at the ends") {
  const GradientRule rule = make_rule(3, 2);
  const Action forward{ActionKind::kForward, 4, 0};
  CHECK(messages_consumed(rule, 0, forward).empty());
  CHECK(messages_produced(rule, 0, forward) == Messages{activation(1, 4)});
  CHECK(messages_consumed(rule, 2, forward) == Messages{activation(2, 4)});
  CHECK(messages_produced(rule, 2, forward).empty());
}

TEST_CASE("an input gradient of another stage's loss is received first, one of the own loss is not") {
  const GradientRule rule = make_rule(4, 3);
  const Action own{ActionKind::kInputGradient, 1, 2};
  const Action passed_on{ActionKind::kInputGradient, 1, 3};
  CHECK(messages_consumed(rule, 2, own).empty());
  CHECK(messages_produced(rule, 2, own) == Messages{gradient(1, 1, 2)});
  CHECK(messages_consumed(rule, 2, passed_on) == Messages{gradient(2, 1, 3)});
  CHECK(messages_produced(rule, 2, passed_on) == Messages{gradient(1, 1, 3)});
}

TEST_CASE("a weight gradient takes every mixed loss but the own and sends nothing") {
  const Action weight{ActionKind::kWeightGradient, 0, 0};
  CHECK(messages_consumed(make_rule(4, 3), 0, weight) == Messages{gradient(0, 0, 2)});
  const GradientRule sum = make_rule(4, 3, MixKind::kSum);
  CHECK(messages_consumed(sum, 0, weight) == Messages{gradient(0, 0, 1), gradient(0, 0, 2)});
  CHECK(messages_consumed(sum, 3, weight).empty());
  CHECK(messages_produced(sum, 1, weight).empty());
}

TEST_CASE("losses and updates exchange nothing") {
  const GradientRule rule = make_rule(3, 2);
  for (const ActionKind kind : {ActionKind::kLocalLoss, ActionKind::kUpdate}) {
    CHECK(messages_consumed(rule, 1, {kind, 0, 0}).empty());
    CHECK(messages_produced(rule, 1, {kind, 0, 0}).empty());
  }
}

TEST_CASE("receives are posted in the order of first use") {
  // F0 L0 I0@1 F1 L1 I1@1 W0 F2 L2 I2@1 W1 W2 U
  const GradientRule rule = make_rule(3, 2);
  CHECK(receive_order(rule, 1, one_f_one_b_program(rule, 1, 3, 3)) ==
        Messages{activation(1, 0), activation(1, 1), gradient(1, 0, 2), activation(1, 2), gradient(1, 1, 2),
                 gradient(1, 2, 2)});
}

TEST_CASE("a gradient that is both passed on and mixed is received once") {
  // F0 L0 I0@1 I0@2 W0 U, and W0 mixes losses 1, 2 and 3
  const GradientRule rule = make_rule(4, 3, MixKind::kSum);
  CHECK(receive_order(rule, 1, one_f_one_b_program(rule, 1, 1, 1)) ==
        Messages{activation(1, 0), gradient(1, 0, 2), gradient(1, 0, 3)});
}

TEST_CASE("over a whole schedule the messages sent are the messages received") {
  for (const auto& [name, rule] : all_rules()) {
    INFO(name);
    std::multiset<Message> sent, received;
    const Schedule schedule = one_f_one_b_schedule(rule, 4);
    for (int stage = 0; stage < rule.stages(); ++stage) {
      const StageProgram& program = schedule[static_cast<std::size_t>(stage)];
      for (const Action& action : program) {
        for (const Message& message : messages_produced(rule, stage, action)) sent.insert(message);
      }
      for (const Message& message : receive_order(rule, stage, program)) received.insert(message);
    }
    CHECK((sent == received));
  }
}

}  // namespace
}  // namespace interlock::schedule
