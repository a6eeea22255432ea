#include "sweep/job_pool.h"

#include <cerrno>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <list>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "common/clock.h"
#include "common/error.h"
#include "common/file_lock.h"
#include "common/text.h"
#include "sweep/child_process.h"

namespace interlock::sweep {
namespace {

// While it lives, SIGINT, SIGTERM and SIGCHLD wait to be taken by next(), whatever their disposition was.
class AwaitedSignals {
 public:
  AwaitedSignals() {
    sigemptyset(&set_);
    for (const int number : {SIGINT, SIGTERM, SIGCHLD}) sigaddset(&set_, number);
    ::sigprocmask(SIG_BLOCK, &set_, &before_);
  }
  ~AwaitedSignals() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  AwaitedSignals(const AwaitedSignals&) = delete;
  AwaitedSignals& operator=(const AwaitedSignals&) = delete;

  // The next of them, or 0 after a moment.
  [[nodiscard]] int next() const {
    constexpr timespec kMoment{0, 200'000'000};
    const int number = ::sigtimedwait(&set_, nullptr, &kMoment);
    return number < 0 ? 0 : number;
  }

 private:
  sigset_t set_{};
  sigset_t before_{};
};

struct Running {
  Job job;
  ChildProcess process;
  std::uintmax_t log_start;
};

class Pool {
 public:
  Pool(std::deque<Job> jobs, int capacity, const JobEvents& events, double grace_seconds)
      : waiting_(std::move(jobs)), capacity_(capacity), events_(events), grace_seconds_(grace_seconds) {}

  bool run() {
    while (true) {
      reap();
      if (!stopping_) start_what_fits();
      if (running_.empty() && (stopping_ || waiting_.empty())) return !stopping_;
      const int number = signals_.next();
      if (number == SIGINT || number == SIGTERM) stop();
      if (stopping_ && monotonic_seconds() > kill_at_) signal_all(SIGKILL);
    }
  }

  ~Pool() {  // an error on its way out: leave no child behind
    signal_all(SIGKILL);
    for (Running& running : running_) {
      while (!running.process.poll()) static_cast<void>(signals_.next());
    }
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

 private:
  void start_what_fits() {
    while (!waiting_.empty() && (running_.empty() || used_ + waiting_.front().cost <= capacity_)) {
      const Job job = std::move(waiting_.front());
      waiting_.pop_front();
      start(job);
    }
  }

  void start(const Job& job) {
    const int log = open_locked(job.log);
    if (log < 0) return ended(job, {0, /*busy=*/true, 0});
    const std::uintmax_t size = std::filesystem::file_size(job.log);
    const std::string header = fmt::format("$ {}\n", join(job.command, " "));
    if (::write(log, header.data(), header.size()) < 0) {
      ::close(log);
      throw IoError(fmt::format("{}: cannot write", job.log));
    }
    if (events_.started) events_.started(job);
    running_.push_back({job, ChildProcess(job.command, log), size + header.size()});
    used_ += job.cost;
    ::close(log);  // the child has it
  }

  void reap() {
    for (auto running = running_.begin(); running != running_.end();) {
      const std::optional<int> code = running->process.poll();
      if (!code) {
        ++running;
        continue;
      }
      const Running done = *running;
      running = running_.erase(running);
      used_ -= done.job.cost;
      if (!stopping_) ended(done.job, {*code, false, done.log_start});
    }
  }

  void ended(const Job& job, const JobEnd& end) {
    std::optional<Job> next = events_.ended(job, end);
    if (next) waiting_.push_front(std::move(*next));
  }

  void stop() {
    kill_at_ = stopping_ ? 0 : monotonic_seconds() + grace_seconds_;
    stopping_ = true;
    signal_all(SIGTERM);
  }

  void signal_all(int number) {
    for (const Running& running : running_) running.process.signal(number);
  }

  AwaitedSignals signals_;
  std::deque<Job> waiting_;
  std::list<Running> running_;
  int capacity_;
  int used_ = 0;
  bool stopping_ = false;
  double kill_at_ = 0;
  const JobEvents& events_;
  double grace_seconds_;
};

}  // namespace

bool run_jobs(std::deque<Job> jobs, int capacity, const JobEvents& events, double grace_seconds) {
  return Pool(std::move(jobs), capacity, events, grace_seconds).run();
}

}  // namespace interlock::sweep
