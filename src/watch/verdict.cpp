// The watch thread: from something wrong to the end of the job.

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

#include "common/atomic_file.h"
#include "common/clock.h"
#include "common/files.h"
#include "common/log.h"
#include "common/log_file.h"
#include "watch/last_line.h"
#include "watch/process.h"
#include "watch/watcher.h"

namespace interlock::watch {
namespace {

// Before a verdict: for other ranks to say what they are doing, and for the kernel to tell how one died.
constexpr double kGather = 0.1;
constexpr double kGatherFromAfar = 0.4;
// For a death to be noticed that explains a failure of the transport, or the launcher's ending the job.
constexpr double kForTheCause = 0.6;
// A rank of another host that was asked and has not answered for so long is dead.
constexpr double kAnswer = 0.6;
// The next lower rank alive had so much time to speak.
constexpr double kNextInLine = 1;
// A rank that others keep from ending does so itself.
constexpr double kEndsAnyway = 5;
// In place of the signal a rank died of: it has said itself why, and nothing is to be added.
constexpr int kHasSpoken = 1000;

}  // namespace

bool Watcher::all_here() const {
  return std::all_of(ranks_.begin(), ranks_.end(), [](const RankStatus& rank) { return rank.here; });
}

int Watcher::lower_ranks_alive() const {
  const auto alive = [this](const RankStatus& rank) {
    return !rank.dead && &rank != &ranks_[static_cast<std::size_t>(verdict_->rank)];
  };
  return static_cast<int>(std::count_if(ranks_.begin(), ranks_.begin() + own_, alive));
}

void Watcher::ask_all(double now) {
  if (asked_at_ > 0) return;
  asked_at_ = now;
  send_to_all(own_message(Kind::kAsk));
}

void Watcher::find_silent_dead(double now) {
  if (asked_at_ == 0 || now - asked_at_ < kAnswer) return;
  for (int rank = 0; rank < engine_.size(); ++rank) {
    // On this host the kernel tells.
    if (rank != own_ && !status(rank).here && status(rank).heard < asked_at_) note_death(rank);
  }
  asked_at_ = 0;
}

void Watcher::open_processes() {
  for (int rank = 0; rank < engine_.size(); ++rank) {
    int& descriptor = processes_[static_cast<std::size_t>(rank)];
    if (rank == own_ || !status(rank).here || status(rank).dead || descriptor >= 0) continue;
    const std::optional<Activity> activity = engine_.activity_of(Rank{rank});
    if (activity) descriptor = open_process(activity->pid);
  }
}

void Watcher::note_death(int rank) {
  if (status(rank).dead) return;
  status(rank).dead = true;
  begin({FailureReport::Kind::kDied, rank, ExitCode::kPeerDied, "", false, 0}, 0);
}

void Watcher::begin(Verdict verdict, double delay) {
  if (ended_at_ > 0 || (verdict_ && (!verdict_->weak || verdict.weak))) return;
  const double now = monotonic_seconds();
  const bool is_new = !verdict_;
  verdict_ = std::move(verdict);
  delay += all_here() ? kGather : kGatherFromAfar;
  if (verdict_->weak) delay = std::max(delay, kForTheCause);
  // A rank that has lost the transport cannot tell anyone.
  verdict_->due = now + delay + (engine_.failed() ? 0 : kNextInLine * lower_ranks_alive());
  if (is_new) send_to_all(own_message(Kind::kAsk));
}

void Watcher::update_statuses(double now) {
  for (int rank = 0; rank < engine_.size(); ++rank) {
    RankStatus& known = status(rank);
    if (known.here) {
      if (const std::optional<Activity> activity = engine_.activity_of(Rank{rank}))
        known.activity = *activity;
      if (known.host.empty()) known.host = own_message(Kind::kHeartbeat).host.data();
    }
    known.activity.since = std::max(known.activity.since, awake_since_);
    known.activity.saving_since = std::max(known.activity.saving_since, awake_since_);
  }
  status(own_).heard = now;
}

void Watcher::look_for_hangs(double now, const Limits& limits) {
  if (verdict_ || ended_at_ > 0) return;
  update_statuses(now);
  Cast cast;
  {
    const std::lock_guard lock(mutex_);
    cast = cast_;
  }
  std::optional<Hang> hang;
  if (is_coordinator()) {
    hang = hangs_.look(ranks_, cast, limits, now);
  } else {  // who watches the coordinator
    const double seconds = now - status(0).heard;
    if (limits.silence > 0 && seconds > limits.silence)
      hang = Hang{Hang::Kind::kSilent, 0, kNothing, seconds};
  }
  if (!hang) return;
  begin(
      {FailureReport::Kind::kHang, hang->rank, ExitCode::kHang, how_it_hangs(*hang, ranks_, cast), false, 0},
      0);
}

void Watcher::conclude_if_due(double now) {
  if (ended_at_ > 0) {
    if (now - ended_at_ > kEndsAnyway) _exit(static_cast<int>(ExitCode::kPeerDied));
    return;
  }
  if (verdict_ && now >= verdict_->due) conclude(*verdict_);
}

void Watcher::obey_end(double now) {
  if (ended_at_ > 0) return;
  ended_at_ = now;
  verdict_.reset();
  remove_unfinished_files_for_good();
}

void Watcher::conclude(const Verdict& verdict) {
  const double now = monotonic_seconds();
  update_statuses(now);
  send_to_all(own_message(Kind::kEnd));
  FailureReport report;
  TidyUp tidy_up;
  {
    const std::lock_guard lock(mutex_);
    report.cast = cast_;
    if (std::filesystem::is_directory(run_folder_)) report.run_folder = run_folder_;
    tidy_up = tidy_up_;
  }
  report.kind = verdict.kind;
  report.code = verdict.code;
  report.rank = verdict.rank;
  report.text = verdict.text;
  report.ranks = ranks_;
  report.now = now;
  if (verdict.kind == FailureReport::Kind::kDied) {
    const auto rank = static_cast<std::size_t>(verdict.rank);
    const int process = processes_[rank];
    const int pid = ranks_[rank].activity.pid;
    report.text = how_it_died(ranks_[rank], process < 0 ? -1 : wait_status_of(process, pid).value_or(-1));
  }
  if (verdict.kind == FailureReport::Kind::kDied &&
      report.ranks[static_cast<std::size_t>(verdict.rank)].activity.signal == kHasSpoken) {
    remove_unfinished_files_for_good();
    engine_.abort(static_cast<int>(verdict.code));
  }
  const std::string line = line_of(report);
  const int code = static_cast<int>(report.code);
  const HandedOver told = hand_over_last_line(code, line);
  note_in_log_file(line);
  try {
    const bool with_details = report.kind != FailureReport::Kind::kStopped &&
                              report.kind != FailureReport::Kind::kLauncher && !report.run_folder.empty() &&
                              told != HandedOver::kTooLate;
    if (with_details) write_file_atomically(report.run_folder + "/failure.json", json_of(report));
    remove_unfinished_files_for_good();
    constexpr std::chrono::milliseconds kForTheOthers{50};  // to remove theirs
    std::this_thread::sleep_for(kForTheOthers);
    if (tidy_up && !report.run_folder.empty()) tidy_up(line);
  } catch (const std::exception& error) {
    log_warning(fmt::format("while ending the job: {}", error.what()));
  }
  if (told == HandedOver::kNoFile) print_last_line(line);
  if (engine_.failed()) {  // and cannot abort the job: the others see this rank die
    note_signal(kHasSpoken);
    _exit(code);
  }
  engine_.abort(code);
}

}  // namespace interlock::watch
