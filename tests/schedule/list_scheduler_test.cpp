#include "schedule/list_scheduler.h"

#include <algorithm>

#include "schedule/program.h"
#include "schedule/simulator.h"
#include "schedule/validator.h"
#include "schedule_support.h"
#include "support/catch.h"

namespace interlock::schedule {
namespace {

constexpr Preference kPreferences[] = {Preference::kForward, Preference::kGradient, Preference::kWeight};

std::vector<int> same_caps(int stages, int cap) {
  return std::vector<int>(static_cast<std::size_t>(stages), cap);
}

std::string alone(Preference preference, int cap) {
  return to_text(list_schedule(make_rule(1, 1), 3, equal_costs(1), {cap}, preference).front());
}

TEST_CASE("a stage that waits for nobody shows the preference as written") {
  CHECK(alone(Preference::kForward, 3) == "F0 F1 F2 L0 L1 L2 W0 W1 W2 U");
  CHECK(alone(Preference::kForward, 2) == "F0 F1 L0 L1 W0 F2 L2 W1 W2 U");
  CHECK(alone(Preference::kGradient, 3) == "F0 L0 F1 L1 F2 L2 W0 W1 W2 U");
  CHECK(alone(Preference::kGradient, 2) == "F0 L0 F1 L1 W0 F2 L2 W1 W2 U");
  CHECK(alone(Preference::kWeight, 3) == "F0 L0 W0 F1 L1 W1 F2 L2 W2 U");
}

TEST_CASE("one micro-batch in flight leaves no choice") {
  for (const Preference preference : kPreferences) {
    CHECK(alone(preference, 1) == "F0 L0 W0 F1 L1 W1 F2 L2 W2 U");
  }
}

TEST_CASE("one micro-batch of two stages, pairwise of three: the only order there is") {
  for (const Preference preference : kPreferences) {
    const GradientRule rule = make_rule(3, 2);
    CHECK(list_schedule(rule, 1, equal_costs(3), {1, 1, 1}, preference) ==
          parse_programs({"F0 W0 U", "F0 L0 I0@1 W0 U", "F0 L0 I0@2 W0 U"}));
  }
}

TEST_CASE("every rule, preference and cap gives a schedule that replays within the cap of each stage") {
  std::mt19937 generator(1);
  for (const auto& [name, rule] : all_rules()) {
    for (const Preference preference : kPreferences) {
      const int micro_batches = 1 + static_cast<int>(generator() % 6);
      std::vector<int> caps;
      for (int k = 0; k < rule.stages(); ++k) caps.push_back(1 + static_cast<int>(generator() % 4));
      INFO(name << " M=" << micro_batches << " preference " << static_cast<int>(preference));
      const Costs costs = random_costs(rule.stages(), generator);
      Schedule schedule;
      REQUIRE_NOTHROW(schedule = list_schedule(rule, micro_batches, costs, caps, preference));
      CHECK_NOTHROW(validate(rule, micro_batches, schedule, caps));
    }
  }
}

TEST_CASE("input and weight gradients are separate actions, end to end too") {
  for (int stages = 2; stages <= 6; ++stages) {
    const GradientRule rule = make_rule(stages, stages);
    const Schedule schedule =
        list_schedule(rule, 4, equal_costs(stages), same_caps(stages, stages), Preference::kGradient);
    for (const StageProgram& program : schedule) {
      CHECK(std::none_of(program.begin(), program.end(),
                         [](const Action& action) { return action.kind == ActionKind::kBackward; }));
    }
    CHECK(std::count_if(schedule.back().begin(), schedule.back().end(),
                        [](const Action& action) { return action.kind == ActionKind::kInputGradient; }) == 4);
  }
}

TEST_CASE("forwards first keeps as many in flight as it may, weight gradients first as few as it can") {
  const GradientRule rule = make_rule(4, 1);
  const Costs costs = equal_costs(4);
  const auto peak = [&](Preference preference) {
    return validate(rule, 6, list_schedule(rule, 6, costs, same_caps(4, 3), preference)).peak_in_flight;
  };
  CHECK(peak(Preference::kForward) == 3);
  CHECK(peak(Preference::kWeight) == 1);
}

TEST_CASE("the same costs give the same schedule") {
  std::mt19937 generator(2);
  const GradientRule rule = make_rule(6, 3, MixKind::kSum);
  const Costs costs = random_costs(6, generator);
  const auto once = list_schedule(rule, 5, costs, same_caps(6, 4), Preference::kForward);
  CHECK(list_schedule(rule, 5, costs, same_caps(6, 4), Preference::kForward) == once);
}

TEST_CASE("a slow link is planned for: pairwise with enough in flight loses no time to it") {
  const GradientRule rule = make_rule(6, 2);
  Costs costs = equal_costs(6);
  costs.link_seconds.assign(5, 1.5);  // longer than any action but W
  const Schedule schedule = list_schedule(rule, 6, costs, same_caps(6, 5), Preference::kForward);
  CHECK(simulate(rule, schedule, costs).bubble() == Approx(0).margin(1e-9));
}

}  // namespace
}  // namespace interlock::schedule
