#include "schedule/simulator.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "common/error.h"
#include "schedule/mailbox.h"
#include "schedule/messages.h"
#include "schedule/program.h"
#include "schedule/text.h"

namespace interlock::schedule {
namespace {

// An action with its messages resolved to places, so that the replay does no look-ups.
struct Step {
  double seconds = 0;
  std::size_t consumes_end = 0;  // its part of SimulatedStage::consumes ends here, and the next one's begins
  std::size_t produces_end = 0;  // likewise of SimulatedStage::produces
  int receiver = -1;             // stage the products go to, or -1
  bool meets = false;            // an update that waits for those of other stages
};

struct SimulatedStage {
  std::vector<Step> steps;
  std::vector<std::size_t> consumes;  // places in the own mailbox, of all steps
  std::vector<std::size_t> produces;  // places in the receivers' mailboxes
  std::size_t mailbox_size = 0;
  std::vector<double> arrivals;  // [batch][place]
  std::size_t batch = 0;
  std::size_t next = 0;  // step of that batch
  double clock = 0;
  std::vector<double> batch_ends;
};

class Replay {
 public:
  Replay(const GradientRule& rule, const Schedule& schedule, const Costs& costs, int batches,
         const SimulationOptions& options)
      : schedule_(schedule), costs_(costs), options_(options), batches_(static_cast<std::size_t>(batches)) {
    const int micro_batches = micro_batches_of(schedule);
    std::vector<Mailbox> mailboxes;
    for (int k = 0; k < rule.stages(); ++k) mailboxes.emplace_back(rule, k, micro_batches);
    stages_.resize(schedule.size());
    for (std::size_t k = 0; k < schedule.size(); ++k) {
      SimulatedStage& stage = stages_[k];
      stage.mailbox_size = mailboxes[k].size();
      stage.arrivals.assign(batches_ * stage.mailbox_size, kNotYet);
      for (const Action& action : schedule[k]) {
        Step step;
        step.seconds = costs.stages[k].of(action);
        step.meets = action.kind == ActionKind::kUpdate && !peers_of(k).empty();
        for (const Message& message : messages_consumed(rule, static_cast<int>(k), action)) {
          stage.consumes.push_back(mailboxes[k].place(message));
        }
        step.consumes_end = stage.consumes.size();
        for (const Message& message : messages_produced(rule, static_cast<int>(k), action)) {
          step.receiver = message.stage;
          stage.produces.push_back(mailboxes[static_cast<std::size_t>(message.stage)].place(message));
        }
        step.produces_end = stage.produces.size();
        stage.steps.push_back(step);
      }
    }
    ready_to_update_.assign(batches_ * stages_.size(), kNotYet);
    if (options.timeline) timeline.resize(schedule.size());
  }

  // Every stage runs as far as it can; a message to a neighbour puts that one back to work.
  void run() {
    std::vector<std::size_t> runnable;
    for (std::size_t k = stages_.size(); k-- > 0;) runnable.push_back(k);
    while (!runnable.empty()) {
      const std::size_t k = runnable.back();
      runnable.pop_back();
      advance(k, runnable);
    }
    for (std::size_t k = 0; k < stages_.size(); ++k) {
      const SimulatedStage& stage = stages_[k];
      if (stage.batch == batches_) continue;
      throw BrokenInvariant(
          fmt::format("simulation: stage {} never runs {}", k, to_text(schedule_[k][stage.next])));
    }
  }

  // Seconds from one batch to the next, late in the simulation, of the slowest stage.
  [[nodiscard]] double period() const {
    const std::size_t last = batches_ - 1;
    const std::size_t span = std::max<std::size_t>(1, batches_ / 3);
    double slowest = 0;
    for (const SimulatedStage& stage : stages_) {
      slowest = std::max(
          slowest, (stage.batch_ends[last] - stage.batch_ends[last - span]) / static_cast<double>(span));
    }
    return slowest;
  }

  std::vector<std::vector<Span>> timeline;

 private:
  [[nodiscard]] const std::vector<int>& peers_of(std::size_t stage) const {
    static const std::vector<int> none;
    return costs_.update_peers.empty() ? none : costs_.update_peers[stage];
  }

  // When the update can start; kNotYet while other stages are on their way to theirs. Whoever comes to its
  // update puts those that may have waited for it back to work.
  double meet(std::size_t k, std::vector<std::size_t>& runnable) {
    const SimulatedStage& stage = stages_[k];
    double* const ready = &ready_to_update_[stage.batch * stages_.size()];
    if (ready[k] == kNotYet) {
      ready[k] = stage.clock;
      for (const int peer : peers_of(k)) runnable.push_back(static_cast<std::size_t>(peer));
    }
    double last = ready[k];
    for (const int peer : peers_of(k)) last = std::max(last, ready[peer]);
    return last == kNotYet ? kNotYet : last + costs_.update_exchange_seconds;
  }

  void advance(std::size_t k, std::vector<std::size_t>& runnable) {
    SimulatedStage& stage = stages_[k];
    bool woke_below = false;
    bool woke_above = false;
    std::size_t consumed = stage.next == 0 ? 0 : stage.steps[stage.next - 1].consumes_end;
    std::size_t produced = stage.next == 0 ? 0 : stage.steps[stage.next - 1].produces_end;
    while (stage.batch < batches_) {
      const Step& step = stage.steps[stage.next];
      const double* const arrivals = &stage.arrivals[stage.batch * stage.mailbox_size];
      double start = stage.clock;
      for (std::size_t i = consumed; i < step.consumes_end; ++i) {
        start = std::max(start, arrivals[stage.consumes[i]]);
      }
      if (step.meets) start = std::max(start, meet(k, runnable));
      if (start == kNotYet) break;
      consumed = step.consumes_end;
      stage.clock = start + step.seconds;
      if (options_.timeline) {
        timeline[k].push_back({schedule_[k][stage.next], static_cast<int>(stage.batch), start, stage.clock});
      }
      if (step.receiver >= 0) {
        const auto to = static_cast<std::size_t>(step.receiver);
        SimulatedStage& receiver = stages_[to];
        const double when = stage.clock + costs_.link_seconds[std::min(k, to)] + options_.extra_link_seconds;
        for (; produced < step.produces_end; ++produced) {
          receiver.arrivals[stage.batch * receiver.mailbox_size + stage.produces[produced]] = when;
        }
        (to > k ? woke_above : woke_below) = true;
      }
      if (++stage.next < stage.steps.size()) continue;
      stage.batch_ends.push_back(stage.clock);
      stage.next = consumed = produced = 0;
      ++stage.batch;
    }
    if (woke_below) runnable.push_back(k - 1);
    if (woke_above) runnable.push_back(k + 1);
  }

  const Schedule& schedule_;
  const Costs& costs_;
  const SimulationOptions options_;
  const std::size_t batches_;
  std::vector<SimulatedStage> stages_;
  std::vector<double> ready_to_update_;  // [batch][stage]
};

// Enough batches that the first has reached the last stage and the pattern has settled.
int batches_to_settle(const Costs& costs, double bound_seconds) {
  double fill = 0;
  for (const StageCosts& stage : costs.stages) fill += stage.forward;
  for (const double link : costs.link_seconds) fill += link;
  constexpr double kSettle = 9;
  constexpr double kMost = 400;
  return static_cast<int>(std::min(kMost, kSettle + 1.5 * fill / std::max(bound_seconds, 1e-12)));
}

}  // namespace

Simulation simulate(const GradientRule& rule, const Schedule& schedule, const Costs& costs,
                    const SimulationOptions& options) {
  INTERLOCK_CHECK(
      schedule.size() == costs.stages.size() && costs.link_seconds.size() + 1 == costs.stages.size(),
      fmt::format("costs of {} stages for {}", costs.stages.size(), schedule.size()));
  Simulation result;
  for (std::size_t k = 0; k < schedule.size(); ++k) {
    StageUse use;
    use.work_seconds = work_seconds(costs.stages[k], schedule[k]);
    use.peak_in_flight = peak_in_flight(schedule[k]);
    if (!costs.stored_bytes.empty()) use.peak_bytes = use.peak_in_flight * costs.stored_bytes[k];
    result.bound_seconds = std::max(result.bound_seconds, use.work_seconds);
    result.stages.push_back(use);
  }
  Replay replay(rule, schedule, costs, batches_to_settle(costs, result.bound_seconds), options);
  replay.run();
  result.step_seconds = std::max(replay.period(), result.bound_seconds);
  for (StageUse& use : result.stages) {
    use.utilisation = result.step_seconds > 0 ? use.work_seconds / result.step_seconds : 0;
  }
  result.timeline = std::move(replay.timeline);
  return result;
}

}  // namespace interlock::schedule
