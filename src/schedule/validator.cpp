#include "schedule/validator.h"

#include <algorithm>
#include <set>
#include <string>

#include <fmt/format.h>

#include "common/error.h"
#include "schedule/messages.h"
#include "schedule/text.h"

namespace interlock::schedule {
namespace {

[[noreturn]] void refuse(int stage, const Action& action, const std::string& problem) {
  throw BrokenInvariant(fmt::format("schedule: stage {}, action {}: {}", stage, to_text(action), problem));
}

// One stage's progress through its own list, and what may come next there.
class StageReplay {
 public:
  StageReplay(const GradientRule& rule, int stage, int micro_batches, const StageProgram& program)
      : rule_(rule), stage_(stage), micro_batches_(micro_batches), program_(program) {}

  [[nodiscard]] bool finished() const { return next_ == program_.size(); }
  [[nodiscard]] const Action& current() const { return program_[next_]; }
  [[nodiscard]] int in_flight() const { return static_cast<int>(forwarded_.size() - released_.size()); }

  void run_current() {
    const Action& action = current();
    const int m = action.micro_batch;
    if (action.kind != ActionKind::kUpdate && (m < 0 || m >= micro_batches_))
      refuse(stage_, action, "no such micro-batch");
    if (updated_) refuse(stage_, action, "comes after the update");
    switch (action.kind) {
      case ActionKind::kForward:
        once(forwarded_, m, action);
        break;
      case ActionKind::kLocalLoss:
        require(forwarded_, m, action, "its forward");
        if (!rule_.computes_loss(stage_)) refuse(stage_, action, "this loss is dead: nothing uses it");
        once(lost_, m, action);
        break;
      case ActionKind::kInputGradient:
        check_gradient(action);
        break;
      case ActionKind::kWeightGradient:
        release(action);
        break;
      case ActionKind::kBackward:
        check_gradient(action);
        if (rule_.losses_mixed(stage_) != std::vector<int>{action.loss})
          refuse(stage_, action, "the weights mix other losses");
        release(action);
        break;
      case ActionKind::kUpdate:
        if (static_cast<int>(released_.size()) != micro_batches_)
          refuse(stage_, action, "weight gradients are missing");
        updated_ = true;
        break;
    }
    ++next_;
  }

  void check_finished() const {
    if (!updated_) throw BrokenInvariant(fmt::format("schedule: stage {} never updates", stage_));
    const std::size_t expected = rule_.losses_sent(stage_).size() * static_cast<std::size_t>(micro_batches_);
    if (sent_.size() != expected) {
      throw BrokenInvariant(fmt::format("schedule: stage {} sends {} gradients, {} are needed", stage_,
                                        sent_.size(), expected));
    }
  }

 private:
  void once(std::set<int>& done, int m, const Action& action) {
    if (!done.insert(m).second) refuse(stage_, action, "runs twice");
  }
  void require(const std::set<int>& done, int m, const Action& action, const char* what) const {
    if (done.count(m) == 0) refuse(stage_, action, fmt::format("runs before {}", what));
    if (released_.count(m) != 0) refuse(stage_, action, "runs after its activations were released");
  }
  void check_gradient(const Action& action) {
    require(forwarded_, action.micro_batch, action, "its forward");
    const std::vector<int> sent = rule_.losses_sent(stage_);
    if (std::find(sent.begin(), sent.end(), action.loss) == sent.end()) {
      refuse(stage_, action, "no stage below uses this gradient, or it would travel more than N-1 hops");
    }
    if (action.loss == stage_) require(lost_, action.micro_batch, action, "its loss");
    if (!sent_.insert({action.micro_batch, action.loss}).second) refuse(stage_, action, "is sent twice");
  }
  void release(const Action& action) {
    require(forwarded_, action.micro_batch, action, "its forward");
    if (rule_.computes_loss(stage_)) require(lost_, action.micro_batch, action, "its loss");
    once(released_, action.micro_batch, action);
  }

  const GradientRule& rule_;
  const int stage_;
  const int micro_batches_;
  const StageProgram& program_;
  std::size_t next_ = 0;
  std::set<int> forwarded_, lost_, released_;
  std::set<std::pair<int, int>> sent_;  // micro-batch, loss
  bool updated_ = false;
};

}  // namespace

ReplayResult validate(const GradientRule& rule, int micro_batches, const Schedule& schedule) {
  INTERLOCK_CHECK(static_cast<int>(schedule.size()) == rule.stages(),
                  fmt::format("{} programs for {} stages", schedule.size(), rule.stages()));
  std::vector<StageReplay> stages;
  for (int stage = 0; stage < rule.stages(); ++stage) {
    stages.emplace_back(rule, stage, micro_batches, schedule[static_cast<std::size_t>(stage)]);
  }

  ReplayResult result;
  std::set<Message> arrived, unread;
  bool progress = true;
  while (progress) {
    progress = false;
    for (int stage = 0; stage < rule.stages(); ++stage) {
      StageReplay& replay = stages[static_cast<std::size_t>(stage)];
      while (!replay.finished()) {
        const Action action = replay.current();
        const std::vector<Message> consumed = messages_consumed(rule, stage, action);
        const bool ready = std::all_of(consumed.begin(), consumed.end(),
                                       [&](const Message& m) { return arrived.count(m) != 0; });
        if (!ready) break;
        for (const Message& message : consumed) unread.erase(message);
        replay.run_current();
        for (const Message& message : messages_produced(rule, stage, action)) {
          if (!arrived.insert(message).second) refuse(stage, action, "sends a message twice");
          unread.insert(message);
        }
        result.peak_in_flight = std::max(result.peak_in_flight, replay.in_flight());
        ++result.actions;
        progress = true;
      }
    }
  }
  for (int stage = 0; stage < rule.stages(); ++stage) {
    const StageReplay& replay = stages[static_cast<std::size_t>(stage)];
    if (!replay.finished()) refuse(stage, replay.current(), "deadlock: waits for a message that never comes");
    replay.check_finished();
  }
  if (!unread.empty()) {
    throw BrokenInvariant(fmt::format("schedule: stage {} never reads a message of micro-batch {}",
                                      unread.begin()->stage, unread.begin()->micro_batch));
  }
  return result;
}

}  // namespace interlock::schedule
