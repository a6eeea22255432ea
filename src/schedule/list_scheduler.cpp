#include "schedule/list_scheduler.h"

#include <array>
#include <functional>
#include <limits>
#include <optional>
#include <queue>
#include <utility>

#include "common/error.h"
#include "schedule/mailbox.h"
#include "schedule/program.h"

namespace interlock::schedule {
namespace {

// One stage's state in the batch it is at, and what has arrived for this and later batches.
class StageState {
 public:
  StageState(const GradientRule& rule, int stage, int micro_batches, int batches, int in_flight)
      : rule_(rule),
        stage_(stage),
        micro_batches_(micro_batches),
        in_flight_(in_flight),
        mailbox_(rule, stage, micro_batches),
        arrivals_(mailbox_.size() * static_cast<std::size_t>(batches), kNotYet) {
    begin_batch();
  }

  int batch = 0;
  double free_at = 0;
  StageProgram program;  // of this batch, so far

  void arrive(int in_batch, const Message& message, double when) {
    arrivals_[static_cast<std::size_t>(in_batch) * mailbox_.size() + mailbox_.place(message)] = when;
  }

  // The action to start at `now`, if any is ready.
  [[nodiscard]] std::optional<Action> choose(double now, Preference preference) const {
    if (released_ == micro_batches_) return Action{ActionKind::kUpdate, 0, 0};
    using Kind = ActionKind;
    static constexpr std::array<std::array<Kind, 4>, 3> kOrders = {
        {{Kind::kForward, Kind::kLocalLoss, Kind::kInputGradient, Kind::kWeightGradient},
         {Kind::kLocalLoss, Kind::kInputGradient, Kind::kForward, Kind::kWeightGradient},
         {Kind::kLocalLoss, Kind::kInputGradient, Kind::kWeightGradient, Kind::kForward}}};
    for (const Kind kind : kOrders[static_cast<std::size_t>(preference)]) {
      if (kind == Kind::kForward) {
        if (can_forward(now)) return Action{kind, forwarded_, 0};
        continue;
      }
      for (int m = oldest_; m < forwarded_; ++m) {  // oldest first
        if (const std::optional<Action> action = ready(kind, m, now)) return action;
      }
    }
    return std::nullopt;
  }

  void carry_out(const Action& action) {
    program.push_back(action);
    const auto m = static_cast<std::size_t>(action.micro_batch);
    switch (action.kind) {
      case ActionKind::kForward:
        ++forwarded_;
        break;
      case ActionKind::kLocalLoss:
        progress_[m].lost = true;
        break;
      case ActionKind::kInputGradient:
        ++progress_[m].sent;
        break;
      case ActionKind::kWeightGradient:
      case ActionKind::kBackward:
      case ActionKind::kUpdate:
        break;
    }
    if (action.kind == ActionKind::kUpdate || !ends_micro_batch(rule_, stage_, action.kind)) return;
    progress_[m].released = true;
    ++released_;
    while (oldest_ < forwarded_ && progress_[static_cast<std::size_t>(oldest_)].released) ++oldest_;
  }

  void begin_batch() {
    progress_.assign(static_cast<std::size_t>(micro_batches_), {});
    forwarded_ = released_ = oldest_ = 0;
    program.clear();
  }

 private:
  struct Progress {
    bool lost = false;
    bool released = false;
    std::size_t sent =
        0;  // gradients sent so far, in the order of losses_sent(): the nearest loss arrives first
  };

  [[nodiscard]] bool has_arrived(std::size_t place, double now) const {
    return arrivals_[static_cast<std::size_t>(batch) * mailbox_.size() + place] <= now;
  }
  [[nodiscard]] bool has_gradient(int loss, int m, double now) const {
    if (loss == stage_) return progress_[static_cast<std::size_t>(m)].lost;
    return has_arrived(mailbox_.gradient(loss, m), now);
  }
  [[nodiscard]] bool can_forward(double now) const {
    return forwarded_ < micro_batches_ && forwarded_ - released_ < in_flight_ &&
           (stage_ == 0 || has_arrived(mailbox_.activation(forwarded_), now));
  }
  [[nodiscard]] std::optional<Action> ready(ActionKind kind, int m, double now) const {
    const Progress& progress = progress_[static_cast<std::size_t>(m)];
    if (progress.released) return std::nullopt;
    const std::vector<int>& sends = rule_.losses_sent(stage_);
    if (kind == ActionKind::kLocalLoss) {
      if (rule_.computes_loss(stage_) && !progress.lost) return Action{kind, m, 0};
      return std::nullopt;
    }
    if (kind == ActionKind::kInputGradient) {
      if (progress.sent == sends.size() || !has_gradient(sends[progress.sent], m, now)) return std::nullopt;
      return Action{kind, m, sends[progress.sent]};
    }
    if (progress.sent < sends.size() || (rule_.computes_loss(stage_) && !progress.lost)) return std::nullopt;
    for (const int loss : rule_.losses_mixed(stage_)) {
      if (!has_gradient(loss, m, now)) return std::nullopt;
    }
    return Action{kind, m, 0};
  }

  const GradientRule& rule_;
  const int stage_;
  const int micro_batches_;
  const int in_flight_;
  Mailbox mailbox_;
  std::vector<double> arrivals_;  // [batch][place]
  std::vector<Progress> progress_;
  int forwarded_ = 0;
  int released_ = 0;
  int oldest_ = 0;  // every micro-batch before it is released
};

// Enough batches for the first to reach the last stage and for the order to repeat.
int batches_to_settle(const GradientRule& rule, int micro_batches) {
  return 6 + 2 * rule.stages() / (micro_batches * (rule.horizon() + 1));
}

}  // namespace

Schedule list_schedule(const GradientRule& rule, int micro_batches, const Costs& costs,
                       const std::vector<int>& in_flight, Preference preference) {
  const int batches = batches_to_settle(rule, micro_batches);
  std::vector<StageState> stages;
  stages.reserve(static_cast<std::size_t>(rule.stages()));
  using Event = std::pair<double, std::size_t>;  // something may have become possible on a stage
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events;
  for (int k = 0; k < rule.stages(); ++k) {
    const auto i = static_cast<std::size_t>(k);
    stages.emplace_back(rule, k, micro_batches, batches, in_flight[i]);
    events.push({0, i});
  }
  Schedule schedule(stages.size());
  while (!events.empty()) {
    const auto [now, k] = events.top();
    events.pop();
    StageState& stage = stages[k];
    if (now < stage.free_at || stage.batch == batches) continue;
    const std::optional<Action> action = stage.choose(now, preference);
    if (!action) continue;
    stage.carry_out(*action);
    stage.free_at = now + costs.stages[k].of(*action);
    events.push({stage.free_at, k});
    for (const Message& message : messages_produced(rule, static_cast<int>(k), *action)) {
      const auto to = static_cast<std::size_t>(message.stage);
      const double when = stage.free_at + costs.link_seconds[std::min(k, to)];
      stages[to].arrive(stage.batch, message, when);
      events.push({when, to});
    }
    if (action->kind != ActionKind::kUpdate) continue;
    if (++stage.batch == batches) schedule[k] = stage.program;
    stage.begin_batch();
  }
  for (const StageProgram& program : schedule) INTERLOCK_CHECK(!program.empty(), "planning ended early");
  return schedule;
}

}  // namespace interlock::schedule
