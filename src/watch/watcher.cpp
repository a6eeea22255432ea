// What the main thread calls.

#include "watch/watcher.h"

#include <chrono>
#include <sys/eventfd.h>
#include <unistd.h>

#include "comm/control_wait.h"
#include "common/clock.h"
#include "common/log_file.h"
#include "watch/words.h"

namespace interlock::watch {

Watcher::Watcher(comm::ProgressEngine& engine)
    : engine_(engine),
      own_(index(engine.rank())),
      wake_descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      signal_descriptor_(open_signals()),
      ranks_(static_cast<std::size_t>(engine.size())),
      processes_(static_cast<std::size_t>(engine.size()), -1) {
  note_crashes();
  const double now = monotonic_seconds();
  last_tick_ = now;
  for (int rank = 0; rank < engine.size(); ++rank) {
    status(rank).here = engine.on_this_host(Rank{rank});
    status(rank).heard = now;
    status(rank).activity.since = now;
  }
  published_ = ranks_;
  hear_warnings();
  thread_ = std::thread([this] { run(); });
}

Watcher::~Watcher() {
  listen_to_warnings({});
  finished_ = true;
  wake();
  thread_.join();
  for (const int descriptor : processes_) {
    if (descriptor >= 0) ::close(descriptor);
  }
  ::close(wake_descriptor_);
  ::close(signal_descriptor_);
}

void Watcher::wake() {
  eventfd_write(wake_descriptor_, 1);
}

void Watcher::set_limits(const Limits& limits) {
  {
    const std::lock_guard lock(mutex_);
    limits_ = limits;
  }
  wake();
}

void Watcher::set_cast(const Cast& cast) {
  const std::lock_guard lock(mutex_);
  cast_ = cast;
}

void Watcher::set_run_folder(const std::string& folder, TidyUp tidy_up) {
  const std::lock_guard lock(mutex_);
  run_folder_ = folder;
  tidy_up_ = std::move(tidy_up);
}

std::vector<RankStatus> Watcher::statuses() const {
  std::vector<RankStatus> ranks;
  {
    const std::lock_guard lock(mutex_);
    ranks = published_;
  }
  for (int rank = 0; rank < engine_.size(); ++rank) {
    RankStatus& known = ranks[static_cast<std::size_t>(rank)];
    if (!known.here) continue;
    if (const std::optional<Activity> activity = engine_.activity_of(Rank{rank})) known.activity = *activity;
    if (known.host.empty()) known.host = own_message(Kind::kHeartbeat).host.data();
  }
  ranks[static_cast<std::size_t>(own_)].heard = monotonic_seconds();
  return ranks;
}

Cast Watcher::cast() const {
  const std::lock_guard lock(mutex_);
  return cast_;
}

// Warnings of this rank, whatever thread has them: the watch thread takes them to the coordinator.
void Watcher::hear_warnings() {
  if (is_coordinator()) return;
  listen_to_warnings([this](const std::string& text) {
    constexpr std::size_t kMost = 100;  // at a time; of a flood the rank's own file has the rest
    {
      const std::lock_guard lock(warnings_mutex_);
      if (warnings_.size() >= kMost) return;
      warnings_.push_back(text);
    }
    wake();
  });
}

void Watcher::report(ExitCode code, const std::string& text, bool transport) {
  note_in_log_file("failed: " + text);
  {
    const std::lock_guard lock(mutex_);
    own_failure_ = Verdict{FailureReport::Kind::kFailed, own_, code, text, transport, 0};
  }
  wake();
  // Whoever ends the job has this process killed; if nobody can, this thread does.
  constexpr std::chrono::seconds kPatience{10};
  std::this_thread::sleep_for(kPatience);
  engine_.abort(static_cast<int>(code));
}

void Watcher::leave() {
  const NoteWaiting noted(is_coordinator() ? comm::kAnyRank : index(kCoordinator), comm::kControlWait);
  std::unique_lock lock(mutex_);
  wants_to_leave_ = true;
  wake();
  changed_.wait(lock, [this] { return all_leave_; });
}

}  // namespace interlock::watch
