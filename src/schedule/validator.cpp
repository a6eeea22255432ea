#include "schedule/validator.h"

#include <algorithm>
#include <set>
#include <string>

#include <fmt/format.h>

#include "common/error.h"
#include "schedule/mailbox.h"
#include "schedule/messages.h"
#include "schedule/program.h"
#include "schedule/text.h"

namespace interlock::schedule {
namespace {

[[noreturn]] void refuse(int stage, const Action& action, const std::string& problem) {
  const std::string whose =
      action.kind == ActionKind::kUpdate ? "" : fmt::format(" of micro-batch {}", action.micro_batch);
  throw BrokenInvariant(fmt::format("schedule: rank {} (stage {}), action {}{}: {}",
                                    rank_without_replicas(stage), stage, to_text(action), whose, problem));
}

[[noreturn]] void refuse(int stage, const std::string& problem) {
  throw BrokenInvariant(
      fmt::format("schedule: rank {} (stage {}) {}", rank_without_replicas(stage), stage, problem));
}

// What must hold before the messages of an action can be looked up: its micro-batch and loss exist there.
void check_names(const GradientRule& rule, int micro_batches, int stage, const Action& action) {
  if (action.kind == ActionKind::kUpdate) return;
  if (action.micro_batch < 0 || action.micro_batch >= micro_batches)
    refuse(stage, action, fmt::format("no such micro-batch; there are {}", micro_batches));
  if (action.kind != ActionKind::kInputGradient && action.kind != ActionKind::kBackward) return;
  const std::vector<int>& sent = rule.losses_sent(stage);
  for (int loss = action.loss; loss < action.loss + action.stacked; ++loss) {
    if (std::find(sent.begin(), sent.end(), loss) != sent.end()) continue;
    refuse(stage, action, "no stage below uses this gradient, or it would travel more than N-1 hops");
  }
}

// One stage's progress through its own list, and what may come next there.
class StageReplay {
 public:
  StageReplay(const GradientRule& rule, int stage, int micro_batches, int in_flight_cap,
              const StageProgram& program)
      : rule_(rule),
        stage_(stage),
        micro_batches_(micro_batches),
        in_flight_cap_(in_flight_cap),
        program_(program) {}

  [[nodiscard]] bool finished() const { return next_ == program_.size(); }
  [[nodiscard]] const Action& current() const { return program_[next_]; }
  [[nodiscard]] int in_flight() const { return static_cast<int>(forwarded_.size() - released_.size()); }

  void run_current() {
    const Action& action = current();
    const int m = action.micro_batch;
    if (updated_) refuse(stage_, action, "comes after the update");
    const bool ends = action.kind != ActionKind::kUpdate && ends_micro_batch(rule_, stage_, action.kind);
    switch (action.kind) {
      case ActionKind::kForward:
        if (forwarded_.count(m) == 0 && m != static_cast<int>(forwarded_.size()))
          refuse(stage_, action, "forwards must run in the order of micro-batches");
        once(forwarded_, m, action);
        if (in_flight() > in_flight_cap_)
          refuse(stage_, action,
                 fmt::format("is number {} in flight, the cap is {}", in_flight(), in_flight_cap_));
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
        if (rule_.learns(stage_) && rule_.losses_mixed(stage_) != std::vector<int>{action.loss})
          refuse(stage_, action, "the weights mix other losses");
        release(action);
        break;
      case ActionKind::kUpdate:
        if (static_cast<int>(released_.size()) != micro_batches_)
          refuse(stage_, action, "weight gradients are missing");
        updated_ = true;
        break;
    }
    if (ends) released_.insert(m);
    ++next_;
  }

  void check_finished() const {
    if (!updated_) refuse(stage_, "never updates");
    const std::size_t expected = rule_.losses_sent(stage_).size() * static_cast<std::size_t>(micro_batches_);
    if (sent_.size() != expected)
      refuse(stage_, fmt::format("sends {} gradients, {} are needed", sent_.size(), expected));
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
    if (action.loss == stage_) require(lost_, action.micro_batch, action, "its loss");
    for (int loss = action.loss; loss < action.loss + action.stacked; ++loss) {
      if (!sent_.insert({action.micro_batch, loss}).second) refuse(stage_, action, "is sent twice");
    }
  }
  void release(const Action& action) {
    if (!rule_.has_backward(stage_)) refuse(stage_, action, "neither this stage nor one below it learns");
    require(forwarded_, action.micro_batch, action, "its forward");
    if (rule_.computes_loss(stage_)) require(lost_, action.micro_batch, action, "its loss");
    if (released_.count(action.micro_batch) != 0) refuse(stage_, action, "runs twice");
  }

  const GradientRule& rule_;
  const int stage_;
  const int micro_batches_;
  const int in_flight_cap_;
  const StageProgram& program_;
  std::size_t next_ = 0;
  std::set<int> forwarded_, lost_, released_;
  std::set<std::pair<int, int>> sent_;  // micro-batch, loss
  bool updated_ = false;
};

}  // namespace

ReplayResult validate(const GradientRule& rule, int micro_batches, const Schedule& schedule,
                      const std::vector<int>& in_flight) {
  INTERLOCK_CHECK(static_cast<int>(schedule.size()) == rule.stages(),
                  fmt::format("{} programs for {} stages", schedule.size(), rule.stages()));
  enum class Post : char { kNotSent, kWaiting, kRead };
  std::vector<StageReplay> stages;
  std::vector<Mailbox> mailboxes;
  std::vector<std::vector<Post>> posts;  // [stage][place]
  for (int stage = 0; stage < rule.stages(); ++stage) {
    const auto k = static_cast<std::size_t>(stage);
    const int cap = in_flight.empty() ? micro_batches : in_flight[k];
    stages.emplace_back(rule, stage, micro_batches, cap, schedule[k]);
    mailboxes.emplace_back(rule, stage, micro_batches);
    posts.emplace_back(mailboxes.back().size(), Post::kNotSent);
  }

  ReplayResult result;
  bool progress = true;
  while (progress) {
    progress = false;
    for (int stage = 0; stage < rule.stages(); ++stage) {
      const auto k = static_cast<std::size_t>(stage);
      StageReplay& replay = stages[k];
      while (!replay.finished()) {
        const Action action = replay.current();
        check_names(rule, micro_batches, stage, action);
        const std::vector<Message> consumed = messages_consumed(rule, stage, action);
        const bool ready = std::all_of(consumed.begin(), consumed.end(), [&](const Message& message) {
          return posts[k][mailboxes[k].place(message)] != Post::kNotSent;
        });
        if (!ready) break;
        for (const Message& message : consumed) posts[k][mailboxes[k].place(message)] = Post::kRead;
        replay.run_current();
        for (const Message& message : messages_produced(rule, stage, action)) {
          const auto to = static_cast<std::size_t>(message.stage);
          posts[to][mailboxes[to].place(message)] = Post::kWaiting;
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
  for (int stage = 0; stage < rule.stages(); ++stage) {
    const std::vector<Post>& received = posts[static_cast<std::size_t>(stage)];
    const auto unread = std::find(received.begin(), received.end(), Post::kWaiting);
    if (unread == received.end()) continue;
    refuse(stage, fmt::format("never reads a message of micro-batch {}",
                              (unread - received.begin()) % micro_batches));
  }
  return result;
}

}  // namespace interlock::schedule
