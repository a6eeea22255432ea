// Child processes: how many at a time, what their end is called, how a signal ends them.

#include "sweep/job_pool.h"

#include <csignal>
#include <fstream>
#include <thread>
#include <unistd.h>

#include "common/clock.h"
#include "common/file_lock.h"
#include "support/catch.h"
#include "support/temp_folder.h"

namespace interlock::sweep {
namespace {

using Catch::Matchers::Contains;
using test::content_of;

struct Recorded {
  int under_way = 0;
  int most = 0;
  std::vector<int> order;
  std::vector<int> codes = std::vector<int>(16, -1);
  std::vector<bool> busy = std::vector<bool>(16, false);
  JobEvents events{[this](const Job& job) {
                     order.push_back(job.id);
                     most = std::max(most, ++under_way);
                   },
                   [this](const Job& job, const JobEnd& end) {
                     --under_way;
                     codes[static_cast<std::size_t>(job.id)] = end.exit_code;
                     busy[static_cast<std::size_t>(job.id)] = end.busy;
                     return std::optional<Job>();
                   }};
};

struct Scripts {
  test::TempFolder folder;
  [[nodiscard]] Job job(int id, const std::string& script, int cost = 1) const {
    return {id, cost, {"sh", "-c", script}, folder.path_of("log" + std::to_string(id))};
  }
  [[nodiscard]] std::string log(int id) const {
    return content_of(folder.path_of("log" + std::to_string(id)));
  }
};

TEST_CASE("never more jobs at a time than the capacity, and all of them in order") {
  const Scripts scripts;
  Recorded recorded;
  std::deque<Job> jobs;
  for (int id = 0; id < 7; ++id) jobs.push_back(scripts.job(id, "sleep 0.05"));
  CHECK(run_jobs(jobs, 3, recorded.events));
  CHECK(recorded.most == 3);
  CHECK(recorded.order == std::vector<int>{0, 1, 2, 3, 4, 5, 6});
}

TEST_CASE("a job that costs more than the capacity runs alone") {
  const Scripts scripts;
  Recorded recorded;
  CHECK(run_jobs({scripts.job(0, "sleep 0.05", 5), scripts.job(1, "sleep 0.05", 5)}, 2, recorded.events));
  CHECK(recorded.most == 1);
  CHECK(recorded.codes[1] == 0);
}

TEST_CASE("a job that fails, is killed or cannot be started leaves the others alone") {
  const Scripts scripts;
  Recorded recorded;
  Job missing = scripts.job(2, "");
  missing.command = {scripts.folder.path_of("no-such-program"), "x"};
  const Job last = scripts.job(3, "echo out; echo err >&2; test -z \"$(cat)\"");
  CHECK(
      run_jobs({scripts.job(0, "exit 3"), scripts.job(1, "kill -9 $$"), missing, last}, 4, recorded.events));
  CHECK(recorded.codes[0] == 3);
  CHECK(recorded.codes[1] == 128 + SIGKILL);
  CHECK(recorded.codes[2] == 127);
  CHECK_THAT(scripts.log(2),
             Contains("interlock: error: cannot start ") && Contains("No such file or directory"));
  CHECK(recorded.codes[3] == 0);
  CHECK_THAT(scripts.log(3), Contains("\nout\nerr\n"));
}

TEST_CASE("a job that must follow another one starts before the rest") {
  const Scripts scripts;
  std::vector<int> order;
  const JobEvents events{[&](const Job& job) { order.push_back(job.id); },
                         [&](const Job& job, const JobEnd&) {
                           return job.id == 0 ? std::optional<Job>(scripts.job(9, "true")) : std::nullopt;
                         }};
  CHECK(run_jobs({scripts.job(0, "true"), scripts.job(1, "true")}, 1, events));
  CHECK(order == std::vector<int>{0, 9, 1});
}

TEST_CASE("a job whose log another process holds is not started") {
  const Scripts scripts;
  const int held = open_locked(scripts.folder.path_of("log0"));
  Recorded recorded;
  CHECK(run_jobs({scripts.job(0, "true"), scripts.job(1, "true")}, 1, recorded.events));
  CHECK(recorded.busy[0]);
  CHECK(recorded.order == std::vector<int>{1});
  ::close(held);
}

// Sends `number` to this process once the job has written its file.
std::thread signal_when(const std::string& path, int number, int times = 1) {
  return std::thread([=] {
    while (!std::ifstream(path)) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    for (int i = 0; i < times; ++i) {
      ::kill(::getpid(), number);
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
    }
  });
}

// Signals to the process must find no thread but the one that runs the pool.
struct Blocked {
  sigset_t set{};
  Blocked() {
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  }
  ~Blocked() { ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr); }
};

TEST_CASE("a signal stops the jobs under way in their own way, and no others start") {
  for (const int number : {SIGINT, SIGTERM}) {
    const Scripts scripts;
    const Blocked blocked;
    Recorded recorded;
    const std::string ready = scripts.folder.path_of("ready");
    std::thread sender = signal_when(ready, number);
    const Job polite = scripts.job(
        0, "trap 'echo stopping; exit 0' TERM; touch " + ready + "; while :; do sleep 0.02; done");
    CHECK_FALSE(run_jobs({polite, scripts.job(1, "true")}, 1, recorded.events));
    sender.join();
    CHECK(recorded.order == std::vector<int>{0});
    CHECK(recorded.codes[0] == -1);  // nobody is told that it ended
    CHECK_THAT(scripts.log(0), Contains("stopping"));
  }
}

TEST_CASE("a job that does not listen is killed after the grace, or at a second signal") {
  for (const bool impatient : {false, true}) {
    const Scripts scripts;
    const Blocked blocked;
    Recorded recorded;
    const std::string ready = scripts.folder.path_of("ready");
    std::thread sender = signal_when(ready, SIGTERM, impatient ? 2 : 1);
    const double start = monotonic_seconds();
    const Job deaf = scripts.job(0, "trap '' TERM; touch " + ready + "; while :; do sleep 0.02; done");
    CHECK_FALSE(run_jobs({deaf}, 1, recorded.events, impatient ? 100 : 0.3));
    CHECK(monotonic_seconds() - start < 20);
    sender.join();
  }
}

}  // namespace
}  // namespace interlock::sweep
