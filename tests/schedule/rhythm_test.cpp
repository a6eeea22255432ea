#include <algorithm>

#include "schedule/generator.h"
#include "schedule/program.h"
#include "schedule/validator.h"
#include "schedule_support.h"
#include "support/catch.h"

namespace interlock::schedule {
namespace {

// Where an action is in a program.
std::ptrdiff_t place(const StageProgram& program, const Action& action) {
  const auto found = std::find(program.begin(), program.end(), action);
  REQUIRE(found != program.end());
  return found - program.begin();
}

TEST_CASE("pairwise, lag 2: the program of the header's example, the same on every middle stage") {
  const GradientRule rule = make_rule(5, 2);
  for (int stage = 1; stage <= 3; ++stage) {
    const std::string k = std::to_string(stage);
    CHECK(to_text(rhythm_program(rule, stage, 4, {2, 1, 0})) ==
          "F0 L0 I0@" + k + " F1 L1 I1@" + k + " F2 L2 I2@" + k + " W0 F3 L3 I3@" + k + " W1 W2 W3 U");
  }
}

TEST_CASE("lag 0: a micro-batch's weight gradient comes before the next forward") {
  CHECK(to_text(rhythm_program(make_rule(3, 1), 1, 2, {0, 1, 0})) == "F0 L0 W0 F1 L1 W1 U");
  CHECK(to_text(rhythm_program(make_rule(4, 2), 1, 2, {0, 1, 0})) == "F0 L0 I0@1 W0 F1 L1 I1@1 W1 U");
}

TEST_CASE("a farther gradient is passed on gradient_delay slots after its micro-batch's forward") {
  const GradientRule rule = make_rule(5, 3);
  CHECK(to_text(rhythm_program(rule, 2, 4, {2, 1, 0})) ==
        "F0 L0 I0@2 F1 L1 I1@2 I0@3 F2 L2 I2@2 I1@3 W0 F3 L3 I3@2 I2@3 W1 I3@3 W2 W3 U");
  CHECK(to_text(rhythm_program(rule, 2, 4, {3, 2, 0})) ==
        "F0 L0 I0@2 F1 L1 I1@2 F2 L2 I2@2 I0@3 F3 L3 I3@2 I1@3 W0 I2@3 W1 I3@3 W2 W3 U");
}

TEST_CASE("with hops_a_slot 1 every loss farther on is passed on a slot later") {
  const GradientRule rule = make_rule(6, 4);  // stage 2 sends the losses 3 and 4 on, 1 and 2 hops away
  const StageProgram together = rhythm_program(rule, 2, 6, {3, 1, 0});
  const StageProgram apart = rhythm_program(rule, 2, 6, {3, 1, 1});
  const Action next_forward{ActionKind::kForward, 2, 0};
  const Action near{ActionKind::kInputGradient, 0, 3};
  const Action far{ActionKind::kInputGradient, 0, 4};
  CHECK(place(together, near) < place(together, next_forward));
  CHECK(place(together, far) < place(together, next_forward));
  CHECK(place(apart, near) < place(apart, next_forward));
  CHECK(place(apart, far) > place(apart, next_forward));
}

TEST_CASE("every rhythm of every bounded rule replays, with lag + 1 micro-batches in flight") {
  for (const auto& [name, rule] : all_rules()) {
    if (rule.end_to_end()) continue;
    for (int lag = 0; lag <= 5; ++lag) {
      for (int delay = 1; delay <= 2; ++delay) {
        for (int hops = 0; hops <= 2; ++hops) {
          INFO(name << " lag=" << lag << " delay=" << delay << " hops=" << hops);
          const Schedule schedule = rhythm_schedule(rule, 4, {lag, delay, hops});
          ReplayResult result;
          REQUIRE_NOTHROW(result = validate(rule, 4, schedule));
          CHECK(result.peak_in_flight == std::min(lag + 1, 4));
        }
      }
    }
  }
}

TEST_CASE("in a rhythm the own gradient is sent at once, and every gradient before the weight gradient") {
  for (const auto& [name, rule] : all_rules()) {
    if (rule.end_to_end()) continue;
    INFO(name);
    for (int stage = 0; stage < rule.stages(); ++stage) {
      const StageProgram program = rhythm_program(rule, stage, 5, {2, 2, 1});
      for (int m = 0; m < 5; ++m) {
        for (const int loss : rule.losses_sent(stage)) {
          const std::ptrdiff_t at = place(program, {ActionKind::kInputGradient, m, loss});
          if (loss == stage) CHECK(at == place(program, {ActionKind::kLocalLoss, m, 0}) + 1);
          CHECK(at < place(program, {ActionKind::kWeightGradient, m, 0}));
        }
      }
    }
  }
}

}  // namespace
}  // namespace interlock::schedule
