#include "schedule/simulator.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "common/error.h"
#include "schedule/list_scheduler.h"
#include "schedule/messages.h"
#include "schedule_support.h"
#include "support/catch.h"
#include "support/temp_folder.h"

namespace interlock::schedule {
namespace {

using Catch::Matchers::Contains;

// The step of a 1F1B schedule.
double one_f_one_b_step(int stages, int horizon, int micro_batches, const Costs& costs) {
  const GradientRule rule = make_rule(stages, horizon);
  return simulate(rule, one_f_one_b_schedule(rule, micro_batches), costs).step_seconds;
}

TEST_CASE("end to end 1F1B pays (K-1)/(M+K-1), and takes (M+K-1) forwards and backwards") {
  for (int stages = 1; stages <= 16; stages *= 2) {
    const GradientRule rule = make_rule(stages, stages);
    for (const int micro_batches : {1, 2, 3, 4, 8, 16}) {
      INFO("K=" << stages << " M=" << micro_batches);
      const Simulation simulation =
          simulate(rule, one_f_one_b_schedule(rule, micro_batches), equal_costs(stages));
      CHECK(simulation.bound_seconds == 3 * micro_batches);
      CHECK(simulation.step_seconds == Approx(3 * (micro_batches + stages - 1)));
      CHECK(simulation.bubble() == Approx((stages - 1.0) / (micro_batches + stages - 1)).margin(1e-12));
    }
  }
}

TEST_CASE("GPipe takes as long as 1F1B where stages are alike, with every micro-batch in flight") {
  for (const int stages : {2, 4, 8}) {
    const GradientRule rule = make_rule(stages, stages);
    const Simulation simulation = simulate(rule, gpipe_schedule(rule, 8), equal_costs(stages));
    CHECK(simulation.step_seconds == Approx(3 * (8 + stages - 1)));
    for (const StageUse& use : simulation.stages) CHECK(use.peak_in_flight == 8);
  }
}

TEST_CASE("stages that share a matrix wait for the last of them, so depth costs again") {
  for (const int stages : {2, 4, 8}) {
    const GradientRule rule = make_rule(stages, 1);
    Costs costs = equal_costs(stages);
    for (StageCosts& stage : costs.stages) stage.update = 0.5;
    const double alone = simulate(rule, one_f_one_b_schedule(rule, 3), costs).step_seconds;
    CHECK(alone == Approx(3 * 3 + 0.5));
    update_together(costs, {0, stages - 1});
    costs.update_exchange_seconds = 0.25;
    // The first micro-batch reaches the last stage after stages-1 forwards; only then can that one begin.
    const double tied = simulate(rule, one_f_one_b_schedule(rule, 3), costs).step_seconds;
    CHECK(tied == Approx(alone + stages - 1 + 0.25));
    costs.update_peers.clear();
    update_together(costs, {stages - 1});
    costs.update_exchange_seconds = 0;
    CHECK(simulate(rule, one_f_one_b_schedule(rule, 3), costs).step_seconds == Approx(alone));
  }
}

TEST_CASE("local learning takes its slowest stage's work, whatever the others and the links cost") {
  std::mt19937 generator(3);
  for (int stages = 1; stages <= 8; ++stages) {
    const Costs costs = random_costs(stages, generator);
    const GradientRule rule = make_rule(stages, 1);
    const Simulation simulation = simulate(rule, one_f_one_b_schedule(rule, 3), costs);
    double slowest = 0;
    for (std::size_t k = 0; k < costs.stages.size(); ++k) {
      const StageCosts& stage = costs.stages[k];
      const double work = 3 * (stage.forward + stage.loss + stage.weight_gradient) + stage.update;
      CHECK(simulation.stages[k].work_seconds == Approx(work));
      slowest = std::max(slowest, work);
    }
    CHECK(simulation.step_seconds == Approx(slowest));
    CHECK(simulation.bubble() == Approx(0).margin(1e-9));
    for (const StageUse& use : simulation.stages) {
      CHECK(use.utilisation == Approx(use.work_seconds / slowest));
    }
  }
}

TEST_CASE("pairwise, one micro-batch: a step is F, the next stage's F, A and I, then W, at any depth") {
  for (const int stages : {3, 4, 8, 16, 32}) {
    INFO("K=" << stages);
    Costs costs = equal_costs(stages);
    for (StageCosts& stage : costs.stages) stage = {1, 0.25, 1.5, 2, 2, 0};
    CHECK(one_f_one_b_step(stages, 2, 1, costs) == Approx(1 + 1 + 0.25 + 1.5 + 2));
    // The activation goes up the link and the gradient comes down again.
    costs.link_seconds.assign(costs.link_seconds.size(), 0.125);
    CHECK(one_f_one_b_step(stages, 2, 1, costs) == Approx(5.75 + 2 * 0.125));
    for (StageCosts& stage : costs.stages) stage.update = 0.5;
    CHECK(one_f_one_b_step(stages, 2, 1, costs) == Approx(6.5));  // once a batch
  }
}

TEST_CASE("end to end, one micro-batch: every link is crossed twice") {
  Costs costs = equal_costs(4);
  costs.link_seconds = {0.5, 0.25, 0.125};
  CHECK(one_f_one_b_step(4, 4, 1, costs) == Approx(4 * 3 + 2 * 0.875));
}

TEST_CASE("one slow stage sets the pace of all, and is the one that never waits") {
  const GradientRule rule = make_rule(4, 2);
  Costs costs = equal_costs(4);
  costs.stages[2].forward = 10;
  const Simulation simulation = simulate(rule, rhythm_schedule(rule, 4, {2, 1, 0}), costs);
  CHECK(simulation.bound_seconds == 4 * (10 + 1 + 2));
  CHECK(simulation.step_seconds == Approx(simulation.bound_seconds));
  CHECK(simulation.stages[2].utilisation == Approx(1));
  CHECK(simulation.stages[1].utilisation == Approx(4 * 4 / simulation.bound_seconds));
}

TEST_CASE("extra link time counts on every link") {
  const GradientRule rule = make_rule(5, 3);
  const Schedule schedule = one_f_one_b_schedule(rule, 2);
  Costs slow = equal_costs(5);
  slow.link_seconds.assign(4, 0.75);
  const SimulationOptions options{false, 0.75};
  CHECK(simulate(rule, schedule, equal_costs(5), options).step_seconds ==
        Approx(simulate(rule, schedule, slow).step_seconds));
  CHECK(simulate(rule, schedule, slow).step_seconds > simulate(rule, schedule, equal_costs(5)).step_seconds);
}

TEST_CASE("peak in flight and bytes are each stage's own: K-k micro-batches of its size end to end") {
  const GradientRule rule = make_rule(4, 4);
  Costs costs = equal_costs(4);
  costs.stored_bytes = {100, 200, 300, 400};
  const Simulation simulation = simulate(rule, one_f_one_b_schedule(rule, 8), costs);
  const std::vector<double> bytes = {400, 600, 600, 400};
  for (std::size_t k = 0; k < 4; ++k) {
    CHECK(simulation.stages[k].peak_in_flight == 4 - static_cast<int>(k));
    CHECK(simulation.stages[k].peak_bytes == bytes[k]);
  }
  CHECK(simulate(rule, one_f_one_b_schedule(rule, 8), equal_costs(4)).stages[0].peak_bytes == 0);
}

// Every span starts when the one before it has ended and its messages are there, and no later.
void check_timeline(const GradientRule& rule, const Schedule& schedule, const Costs& costs) {
  const Simulation simulation = simulate(rule, schedule, costs, {true, 0});
  REQUIRE(simulation.timeline.size() == schedule.size());
  std::map<std::pair<int, Message>, double> arrivals;
  for (std::size_t k = 0; k < schedule.size(); ++k) {
    for (const Span& span : simulation.timeline[k]) {
      for (const Message& message : messages_produced(rule, static_cast<int>(k), span.action)) {
        const std::size_t link = std::min(k, static_cast<std::size_t>(message.stage));
        arrivals[{span.batch, message}] = span.end + costs.link_seconds[link];
      }
    }
  }
  for (std::size_t k = 0; k < schedule.size(); ++k) {
    const std::vector<Span>& spans = simulation.timeline[k];
    REQUIRE(spans.size() % schedule[k].size() == 0);
    double free_at = 0;
    for (std::size_t i = 0; i < spans.size(); ++i) {
      const Span& span = spans[i];
      double expected = free_at;
      for (const Message& message : messages_consumed(rule, static_cast<int>(k), span.action)) {
        expected = std::max(expected, arrivals.at({span.batch, message}));
      }
      const bool right = span.action == schedule[k][i % schedule[k].size()] &&
                         span.batch == static_cast<int>(i / schedule[k].size()) && span.start == expected &&
                         span.end == span.start + costs.stages[k].of(span.action);
      if (!right) FAIL_CHECK("stage " << k << " batch " << span.batch << " " << to_text(span.action));
      free_at = span.end;
    }
  }
}

TEST_CASE("a timeline is the program batch after batch, without overlap, each action after its messages") {
  std::mt19937 generator(4);
  for (const int stages : {1, 2, 5}) {
    for (int horizon = 1; horizon <= stages; ++horizon) {
      INFO("K=" << stages << " N=" << horizon);
      const GradientRule rule = make_rule(stages, horizon, MixKind::kSum);
      const Costs costs = random_costs(stages, generator);
      const std::vector<int> caps(static_cast<std::size_t>(stages), 3);
      check_timeline(rule, one_f_one_b_schedule(rule, 4), costs);
      check_timeline(rule, list_schedule(rule, 4, costs, caps, Preference::kForward), costs);
      if (!rule.end_to_end()) check_timeline(rule, rhythm_schedule(rule, 4, {2, 1, 0}), costs);
    }
  }
}

TEST_CASE("the step is that of the settled pipeline: the last batch's, not the average since the start") {
  std::mt19937 generator(5);
  double most_off = 0;  // of the average: how much filling the pipeline would have been counted in
  for (int round = 0; round < 100; ++round) {
    const int stages = 2 + static_cast<int>(generator() % 7);
    const int horizon = 1 + static_cast<int>(generator() % static_cast<unsigned>(stages));
    INFO("round " << round << " K=" << stages << " N=" << horizon);
    const GradientRule rule = make_rule(stages, horizon, MixKind::kSum);
    const Costs costs = random_costs(stages, generator);
    const Simulation simulation = simulate(rule, one_f_one_b_schedule(rule, 3), costs, {true, 0});
    double last = simulation.bound_seconds;
    double average = simulation.bound_seconds;
    for (const std::vector<Span>& spans : simulation.timeline) {
      std::vector<double> ends;
      for (const Span& span : spans) {
        if (span.action.kind == ActionKind::kUpdate) ends.push_back(span.end);
      }
      REQUIRE(ends.size() > 2);
      last = std::max(last, ends.back() - ends[ends.size() - 2]);
      average = std::max(average, (ends.back() - ends.front()) / static_cast<double>(ends.size() - 1));
    }
    CHECK(simulation.step_seconds == Approx(last).epsilon(1e-9));
    most_off = std::max(most_off, std::abs(average / last - 1));
  }
  CHECK(most_off > 1e-3);  // else the rounds above show nothing
}

TEST_CASE("no timeline unless asked for") {
  const GradientRule rule = make_rule(2, 1);
  CHECK(simulate(rule, one_f_one_b_schedule(rule, 1), equal_costs(2)).timeline.empty());
}

TEST_CASE("where nothing costs anything a step takes no time and nothing is divided by it") {
  Costs costs = equal_costs(2);
  for (StageCosts& stage : costs.stages) stage = {0, 0, 0, 0, 0, 0};
  const GradientRule rule = make_rule(2, 2);
  const Simulation simulation = simulate(rule, one_f_one_b_schedule(rule, 2), costs);
  CHECK(simulation.step_seconds == 0);
  CHECK(simulation.bubble() == 0);
  CHECK(simulation.stages[0].utilisation == 0);
}

TEST_CASE("a deadlock is a broken invariant that names a stage and the action it never runs") {
  const Schedule schedule = parse_programs({"F0 W0 F1 W1 U", "F0 F1 L0 B0@1 L1 B1@1 U"});
  const std::string message =
      test::message_of<BrokenInvariant>([&] { simulate(make_rule(2, 2), schedule, equal_costs(2)); });
  CHECK_THAT(message, Contains("stage 0 never runs W0"));
}

TEST_CASE("costs of another number of stages are a broken invariant") {
  const GradientRule rule = make_rule(2, 1);
  const Schedule schedule = one_f_one_b_schedule(rule, 1);
  CHECK_THROWS_AS(simulate(rule, schedule, equal_costs(3)), BrokenInvariant);
  Costs no_link = equal_costs(2);
  no_link.link_seconds.clear();
  CHECK_THROWS_AS(simulate(rule, schedule, no_link), BrokenInvariant);
}

}  // namespace
}  // namespace interlock::schedule
