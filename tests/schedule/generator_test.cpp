#include "schedule/generator.h"

#include <algorithm>
#include <array>

#include "schedule/simulator.h"
#include "schedule/text.h"
#include "schedule/validator.h"
#include "schedule_support.h"
#include "support/catch.h"

namespace interlock::schedule {
namespace {

using Texts = std::vector<std::string>;

Texts texts(const Schedule& schedule) {
  Texts lines;
  for (const StageProgram& program : schedule) lines.push_back(to_text(program));
  return lines;
}

TEST_CASE("three stages, pairwise, three micro-batches: the programs of the header's example") {
  CHECK(texts(one_f_one_b_schedule(make_rule(3, 2), 3)) ==
        Texts{"F0 F1 W0 F2 W1 W2 U", "F0 L0 I0@1 F1 L1 I1@1 W0 F2 L2 I2@1 W1 W2 U",
              "F0 L0 I0@2 W0 F1 L1 I1@2 W1 F2 L2 I2@2 W2 U"});
}

TEST_CASE("horizon K is classic 1F1B: K-k in flight, then one backward and one forward in turn") {
  CHECK(texts(one_f_one_b_schedule(make_rule(4, 4), 5)) ==
        Texts{"F0 F1 F2 F3 W0 F4 W1 W2 W3 W4 U", "F0 F1 F2 B0@3 F3 B1@3 F4 B2@3 B3@3 B4@3 U",
              "F0 F1 B0@3 F2 B1@3 F3 B2@3 F4 B3@3 B4@3 U",
              "F0 L0 B0@3 F1 L1 B1@3 F2 L2 B2@3 F3 L3 B3@3 F4 L4 B4@3 U"});
}

TEST_CASE("fewer micro-batches than stages: all forwards first") {
  CHECK(texts(one_f_one_b_schedule(make_rule(3, 3), 1)) == Texts{"F0 W0 U", "F0 B0@2 U", "F0 L0 B0@2 U"});
}

TEST_CASE("local learning finishes each micro-batch before the next") {
  CHECK(texts(one_f_one_b_schedule(make_rule(2, 1), 2)) ==
        Texts{"F0 L0 W0 F1 L1 W1 U", "F0 L0 W0 F1 L1 W1 U"});
}

TEST_CASE("one stage trains alone") {
  CHECK(texts(one_f_one_b_schedule(make_rule(1, 1), 2)) == Texts{"F0 L0 W0 F1 L1 W1 U"});
}

TEST_CASE("under sum a stage sends its own loss's gradient first and passes the others on as they come") {
  CHECK(to_text(one_f_one_b_program(make_rule(4, 3, MixKind::kSum), 1, 2, 2)) ==
        "F0 L0 I0@1 F1 L1 I1@1 I0@2 W0 I1@2 W1 U");
}

TEST_CASE("evaluation runs forward and computes the losses that training computes") {
  const GradientRule rule = make_rule(3, 2);
  CHECK(to_text(evaluation_program(rule, 0, 2)) == "F0 F1");
  CHECK(to_text(evaluation_program(rule, 1, 2)) == "F0 L0 F1 L1");
  CHECK(to_text(evaluation_program(rule, 2, 1)) == "F0 L0");
}

TEST_CASE("every rule and number of micro-batches gives a schedule that replays, N in flight at most") {
  for (const auto& [name, rule] : all_rules()) {
    for (int micro_batches = 1; micro_batches <= 8; ++micro_batches) {
      INFO(name << " M=" << micro_batches);
      const Schedule schedule = one_f_one_b_schedule(rule, micro_batches);
      ReplayResult result;
      REQUIRE_NOTHROW(result = validate(rule, micro_batches, schedule));
      CHECK(result.peak_in_flight <= rule.horizon());
      int actions = 0;
      for (const StageProgram& program : schedule) actions += static_cast<int>(program.size());
      CHECK(result.actions == actions);
    }
  }
}

TEST_CASE("with enough micro-batches exactly N are in flight under farthest") {
  for (int stages = 1; stages <= 8; ++stages) {
    for (int horizon = 1; horizon <= stages; ++horizon) {
      const GradientRule rule = make_rule(stages, horizon);
      CHECK(validate(rule, 8, one_f_one_b_schedule(rule, 8)).peak_in_flight == horizon);
    }
  }
}

TEST_CASE("every input gradient comes before the weight gradient of its micro-batch") {
  for (const auto& [name, rule] : all_rules()) {
    INFO(name);
    for (const StageProgram& program : one_f_one_b_schedule(rule, 5)) {
      for (auto w = program.begin(); w != program.end(); ++w) {
        if (w->kind != ActionKind::kWeightGradient) continue;
        CHECK(std::none_of(w, program.end(), [&](const Action& later) {
          return later.kind == ActionKind::kInputGradient && later.micro_batch == w->micro_batch;
        }));
      }
    }
  }
}

TEST_CASE("1F1B under a cap keeps no more in flight and still replays") {
  for (const auto& [name, rule] : all_rules()) {
    for (int cap = 1; cap <= 4; ++cap) {
      INFO(name << " cap=" << cap);
      const std::vector<int> caps(static_cast<std::size_t>(rule.stages()), cap);
      CHECK_NOTHROW(validate(rule, 5, one_f_one_b_schedule(rule, 5, cap), caps));
    }
  }
}

TEST_CASE("GPipe runs all forwards, then all backwards, and keeps every micro-batch in flight") {
  CHECK(texts(gpipe_schedule(make_rule(2, 2), 3)) ==
        Texts{"F0 F1 F2 W0 W1 W2 U", "F0 L0 F1 L1 F2 L2 B0@1 B1@1 B2@1 U"});
  for (const auto& [name, rule] : all_rules()) {
    INFO(name);
    CHECK(validate(rule, 5, gpipe_schedule(rule, 5)).peak_in_flight == 5);
  }
}

// How many of each kind, over all stages.
std::array<int, 6> count(const Schedule& schedule) {
  std::array<int, 6> counts{};
  for (const StageProgram& program : schedule) {
    for (const Action& action : program) ++counts[static_cast<std::size_t>(action.kind)];
  }
  return counts;
}

TEST_CASE("nothing dead is computed: the number of each action over all stages, in closed form") {
  using Counts = std::array<int, 6>;  // F L I W B U
  const int m = 3;
  for (int k = 1; k <= 8; ++k) {
    CHECK(count(one_f_one_b_schedule(make_rule(k, k), m)) ==
          (k == 1 ? Counts{m, m, 0, m, 0, 1} : Counts{k * m, m, 0, m, (k - 1) * m, k}));
    for (int n = 1; n < k; ++n) {
      INFO("K=" << k << " N=" << n);
      // Farthest: the losses N-1 .. K-1 are used, and each travels N-1 hops.
      CHECK(count(one_f_one_b_schedule(make_rule(k, n), m)) ==
            Counts{k * m, (k - n + 1) * m, (k - n + 1) * (n - 1) * m, k * m, 0, k});
      // All heads: the dead losses come back, but no gradient of them.
      CHECK(count(one_f_one_b_schedule(make_rule(k, n, MixKind::kFarthest, {}, true), m)) ==
            Counts{k * m, k * m, (k - n + 1) * (n - 1) * m, k * m, 0, k});
      // Sum: loss l travels to every stage it reaches, min(l, N-1) below it.
      const int hops = (n - 1) * (n - 2) / 2 + (k - n + 1) * (n - 1);
      CHECK(count(one_f_one_b_schedule(make_rule(k, n, MixKind::kSum), m)) ==
            Counts{k * m, k * m, hops * m, k * m, 0, k});
    }
  }
}

TEST_CASE("the last micro-batches of an end-to-end stage may send their gradient before the weights'") {
  CHECK(to_text(one_f_one_b_program(make_rule(2, 2), 1, 3, 3, 1)) == "F0 L0 B0@1 F1 L1 B1@1 F2 L2 I2@1 W2 U");
  CHECK(to_text(one_f_one_b_program(make_rule(3, 3), 1, 2, 2, 2)) == "F0 F1 I0@2 W0 I1@2 W1 U");
  CHECK(to_text(one_f_one_b_program(make_rule(2, 2), 0, 2, 2, 2)) == "F0 F1 W0 W1 U");  // sends none
  // Two stages of F = 1, I = 1, W = B = 2, two micro-batches: the first stage gets its last gradient one unit
  // sooner.
  const GradientRule rule = make_rule(2, 2);
  const auto step = [&](int split) {
    Schedule schedule;
    for (int k = 0; k < 2; ++k) schedule.push_back(one_f_one_b_program(rule, k, 2, 2, split));
    validate(rule, 2, schedule);
    return simulate(rule, schedule, equal_costs(2)).step_seconds;
  };
  CHECK(step(0) == 9);
  CHECK(step(1) == 8);
}

}  // namespace
}  // namespace interlock::schedule
