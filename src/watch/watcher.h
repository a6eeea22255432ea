#pragma once
// Watches the ranks of a job from a thread of its own, on every rank, so that the job ends soon and with one
// line that says who is to blame when a rank dies, fails or hangs; and takes the signals that stop a run.
//
// Owns:    the watch thread, its descriptors, what is known of every rank.
// Threads: the public functions are for the main thread (stop_requested() for any). The watch thread posts
//          messages and reads records of what ranks do; it never waits for the main thread, touches no
//          tensor, and wakes about once a second.
// Roles:   every rank sends heartbeats and its warnings to the coordinator, which sends heartbeats to all; on
//          one host the kernel tells all of a death at once. The coordinator says what happened and ends the
//          job; where it is the one that died or hangs, the lowest rank alive does; the others step in a
//          second later each.

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "comm/progress_engine.h"
#include "watch/failure_report.h"
#include "watch/hang.h"
#include "watch/message.h"
#include "watch/signals.h"

namespace interlock::watch {

class Watcher {
 public:
  // After a SignalMask, which must be older than the engine.
  explicit Watcher(comm::ProgressEngine& engine);
  ~Watcher();  // before the engine's
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  // As they become known.
  void set_limits(const Limits& limits);
  void set_cast(const Cast& cast);
  // Where failure.json goes, if the folder is there; `tidy_up` removes what a dead rank has left there, and
  // is told the job's last line. It is called on the watch thread of the one rank that ends the job.
  using TidyUp = std::function<void(const std::string& last_line)>;
  void set_run_folder(const std::string& folder, TidyUp tidy_up);

  // Coordinator: has anyone got SIGUSR1 or SIGTERM?
  [[nodiscard]] bool stop_requested() const { return stop_requested_; }

  // Any thread. What is known of every rank, [rank]: of this host as of now, of others as of their last
  // heartbeat.
  [[nodiscard]] std::vector<RankStatus> statuses() const;
  [[nodiscard]] Cast cast() const;

  // This rank cannot go on; `transport`: because it lost another, which will be looked for. Ends the job.
  [[noreturn]] void report(ExitCode code, const std::string& text, bool transport);

  // Collective, before engine.close(): waits until all ranks are done, and stops watching. From then on only
  // the time that close() takes is watched.
  void leave();

 private:
  struct Verdict {  // what will be said when `due` has come
    FailureReport::Kind kind = FailureReport::Kind::kFailed;
    int rank = 0;
    ExitCode code = ExitCode::kPeerDied;
    std::string text;
    bool weak = false;  // gives way to whatever else is found
    double due = 0;
  };

  // The thread (watch_thread.cpp).
  void run();
  void watch_once();
  void watch_closing();  // touches the engine no more
  void wait_for_events(int milliseconds);
  void wait_for_end();
  void take_messages();
  void take(const Message& message, int from, const std::string& text);
  void take_signals();
  void count_stop(int count, double now);
  void take_wishes();  // of the main thread
  void tick(double now);
  void hear_warnings();
  void forward_warnings();
  void send(int to, const Message& message, const std::string& text = "");
  void send_to_all(const Message& message);
  void look_for_hangs(double now, const Limits& limits);

  // Verdicts (verdict.cpp).
  void ask_all(double now);
  void open_processes();
  void note_death(int rank);
  void find_silent_dead(double now);  // who has not answered ask_all()
  void begin(Verdict verdict, double delay);
  void update_statuses(double now);
  void conclude_if_due(double now);
  void obey_end(double now);
  [[noreturn]] void conclude(const Verdict& verdict);
  [[nodiscard]] int lower_ranks_alive() const;

  [[nodiscard]] bool is_coordinator() const { return own_ == 0; }
  [[nodiscard]] RankStatus& status(int rank) { return ranks_[static_cast<std::size_t>(rank)]; }
  [[nodiscard]] bool all_here() const;
  void wake();

  comm::ProgressEngine& engine_;
  const int own_;
  const int wake_descriptor_;
  const int signal_descriptor_;

  mutable std::mutex mutex_;  // guards down to the blank line
  std::condition_variable changed_;
  Limits limits_;
  Cast cast_;
  std::string run_folder_;
  TidyUp tidy_up_;
  std::vector<RankStatus> published_;  // ranks_, as of the last tick
  std::optional<Verdict> own_failure_;
  bool wants_to_leave_ = false;
  bool all_leave_ = false;

  std::mutex warnings_mutex_;  // a lock of its own: there are warnings while the other is held
  std::vector<std::string> warnings_;

  std::atomic<bool> stop_requested_{false};
  std::atomic<bool> finished_{false};

  // The thread's alone.
  std::vector<RankStatus> ranks_;
  std::vector<int> processes_;  // [rank] a descriptor, or -1
  std::optional<Verdict> verdict_;
  HangFinder hangs_;
  OwnSignals own_signals_;
  StopSignals stop_signals_;
  double next_tick_ = 0;
  double last_tick_ = 0;
  double awake_since_ = 0;  // this process itself was stopped until then, and all limits start anew
  double asked_at_ = 0;     // 0: nobody is being asked
  double ended_at_ = 0;     // another rank ends the job; 0: not
  bool leaves_ = false;
  std::thread thread_;
};

}  // namespace interlock::watch
