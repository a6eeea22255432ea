// The watch thread: heartbeats, messages, signals, deaths.

#include <algorithm>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <fmt/format.h>

#include "common/clock.h"
#include "common/error.h"
#include "common/log.h"
#include "common/log_file.h"
#include "watch/process.h"
#include "watch/watcher.h"

namespace interlock::watch {
namespace {

constexpr double kLongestTick = 1;
constexpr double kShortestTick = 0.05;
constexpr double kTicksALimit = 12;
// A thread that is later than this was stopped with its whole process, or its host slept.
constexpr double kLate = 2;

double tick_of(const Limits& limits) {
  const double step = limits.step > 0 ? limits.step : kLongestTick * kTicksALimit;
  return std::clamp(step / kTicksALimit, kShortestTick, kLongestTick);
}

}  // namespace

void Watcher::run() {
  pthread_setname_np(pthread_self(), "watch");
  try {
    bool over = false;
    while (!finished_ && !over) {
      watch_once();
      const std::lock_guard lock(mutex_);
      over = all_leave_;
    }
    changed_.notify_all();
    if (!finished_) watch_closing();
  } catch (const std::exception& error) {
    log_error(fmt::format("the watch thread failed: {}", error.what()));
    _exit(static_cast<int>(ExitCode::kPeerDied));
  }
}

void Watcher::watch_once() {
  const double now = monotonic_seconds();
  double next = next_tick_;
  if (verdict_) next = std::min(next, verdict_->due);
  if (asked_at_ > 0) next = std::min(next, now + kShortestTick);
  wait_for_events(static_cast<int>(1000 * std::clamp(next - now, 0.0, kLongestTick)) + 1);
  take_messages();
  take_signals();
  take_wishes();
  const double later = monotonic_seconds();
  if (later >= next_tick_) tick(later);
  find_silent_dead(later);
  conclude_if_due(later);
}

void Watcher::wait_for_events(int milliseconds) {
  std::vector<pollfd> waited{{wake_descriptor_, POLLIN, 0},
                             {signal_descriptor_, POLLIN, 0},
                             {engine_.watch_descriptor(), POLLIN, 0}};
  std::vector<int> watched;
  for (std::size_t i = 0; i < ranks_.size(); ++i) {
    if (processes_[i] < 0 || ranks_[i].dead) continue;
    waited.push_back({processes_[i], POLLIN, 0});
    watched.push_back(static_cast<int>(i));
  }
  if (poll(waited.data(), waited.size(), milliseconds) <= 0) return;
  eventfd_t ignored = 0;
  eventfd_read(wake_descriptor_, &ignored);
  for (std::size_t i = 0; i < watched.size(); ++i) {
    if (waited[i + 3].revents != 0) note_death(watched[i]);
  }
}

void Watcher::take_messages() {
  while (const std::optional<comm::ControlMessage> message = engine_.take_watch()) {
    std::string text;
    const Message decoded = decode(message->payload, text);
    take(decoded, index(message->from), text);
  }
}

void Watcher::take(const Message& message, int from, const std::string& text) {
  const double now = monotonic_seconds();
  RankStatus& sender = status(from);
  sender.heard = now;
  sender.activity = received_activity(message, now);
  sender.host = message.host.data();
  switch (message.kind) {
    case Kind::kHeartbeat:
      return;
    case Kind::kAsk:
      return send(from, own_message(Kind::kHeartbeat));
    case Kind::kFailed:
      return begin({FailureReport::Kind::kFailed, from, static_cast<ExitCode>(message.code), text,
                    message.transport != 0, 0},
                   0);
    case Kind::kStopSignal:
      return count_stop(message.code, now);
    case Kind::kLeaving:
      sender.leaving = true;
      return;
    case Kind::kAllLeave: {
      const std::lock_guard lock(mutex_);
      all_leave_ = true;
      return;
    }
    case Kind::kEnd:
      obey_end(now);
      return note_in_log_file(fmt::format("rank {} ends the job", from));
    case Kind::kLog:
      return note_in_log_file(fmt::format("rank {}: {}", from, text));
  }
}

void Watcher::take_signals() {
  signalfd_siginfo signal{};
  while (read(signal_descriptor_, &signal, sizeof(signal)) == sizeof(signal)) {
    const double now = monotonic_seconds();
    const bool launcher = is_launcher(static_cast<int>(signal.ssi_pid));
    const bool terminates = signal.ssi_signo == SIGTERM;
    // mpirun ends a job with SIGCONT, SIGTERM a second later, and SIGKILL another second later: because a
    // rank died, perhaps on another host, or because somebody told it to.
    if (launcher && signal.ssi_signo != SIGUSR1) ask_all(now);
    if (launcher && terminates)
      begin({FailureReport::Kind::kLauncher, own_, ExitCode::kPeerDied,
             "the launcher ends the job: it was interrupted (SIGUSR1 to it stops a run with a checkpoint)",
             true, 0},
            0);
    if (signal.ssi_signo != SIGUSR1 && (launcher || !terminates)) continue;
    const int count = own_signals_.count(now);
    if (is_coordinator()) {
      count_stop(count, now);
      continue;
    }
    Message message = own_message(Kind::kStopSignal);
    message.code = count;
    send(index(kCoordinator), message);
  }
}

void Watcher::count_stop(int count, double now) {
  switch (stop_signals_.take(count, now)) {
    case StopSignals::Meaning::kStop:
      stop_requested_ = true;
      log_info(
          "asked to stop: the run ends after this step with a checkpoint; a second signal ends it at once");
      return;
    case StopSignals::Meaning::kKnown:
      return;
    case StopSignals::Meaning::kNow:
      begin({FailureReport::Kind::kStopped, own_, ExitCode::kPeerDied,
             "a second signal ended the job at once", false, 0},
            0);
  }
}

void Watcher::forward_warnings() {
  std::vector<std::string> warnings;
  {
    const std::lock_guard lock(warnings_mutex_);
    warnings.swap(warnings_);
  }
  for (const std::string& text : warnings) send(index(kCoordinator), own_message(Kind::kLog), text);
}

void Watcher::take_wishes() {
  forward_warnings();
  std::optional<Verdict> failure;
  bool leaves = false;
  {
    const std::lock_guard lock(mutex_);
    failure.swap(own_failure_);
    leaves = wants_to_leave_;
  }
  if (failure) {
    Message message = own_message(Kind::kFailed);
    message.code = static_cast<int>(failure->code);
    message.transport = failure->weak ? 1 : 0;
    if (!is_coordinator()) send(index(kCoordinator), message, failure->text);
    begin(std::move(*failure), 0);
  }
  if (leaves && !leaves_) {
    leaves_ = status(own_).leaving = true;
    if (!is_coordinator()) send(index(kCoordinator), own_message(Kind::kLeaving));
  }
  if (!is_coordinator() || verdict_) return;
  if (!std::all_of(ranks_.begin(), ranks_.end(), [](const RankStatus& rank) { return rank.leaving; })) return;
  send_to_all(own_message(Kind::kAllLeave));
  const std::lock_guard lock(mutex_);
  all_leave_ = true;
}

void Watcher::tick(double now) {
  Limits limits;
  {
    const std::lock_guard lock(mutex_);
    limits = limits_;
  }
  if (now - last_tick_ > tick_of(limits) + kLate) {
    awake_since_ = now;
    for (RankStatus& rank : ranks_) rank.heard = now;
  }
  last_tick_ = now;
  next_tick_ = now + tick_of(limits);
  open_processes();
  const Message heartbeat = own_message(Kind::kHeartbeat);
  if (is_coordinator())
    send_to_all(heartbeat);
  else
    send(index(kCoordinator), heartbeat);
  look_for_hangs(now, limits);
  const std::lock_guard lock(mutex_);
  published_ = ranks_;
}

void Watcher::send(int to, const Message& message, const std::string& text) {
  try {
    engine_.send_watch(Rank{to}, encode(message, text));
  } catch (const Error&) {
    // The transport has failed: the main thread gets to know, and reports it.
  }
}

void Watcher::send_to_all(const Message& message) {
  for (int rank = 0; rank < engine_.size(); ++rank) {
    if (rank != own_ && !status(rank).dead) send(rank, message);
  }
}

}  // namespace interlock::watch
