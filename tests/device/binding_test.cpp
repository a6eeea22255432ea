#include "device/binding.h"

#include <functional>
#include <sched.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "support/catch.h"

namespace interlock::device {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

int cores_of_this_thread() {
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof(set), &set);
  return CPU_COUNT(&set);
}

// In a process of its own, so that the test's own threads stay as they are. What `code` returns, below 100.
int in_a_child(const std::function<int()>& code) {
  const pid_t child = fork();
  if (child == 0) _exit(code());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_CASE("a worker is bound to its share of the cores, with all threads it starts") {
  const int all = cores_of_this_thread();
  const int half = in_a_child([] {
    const std::string said = bind_process(Bind::kCores, {0, 2, ""});
    if (said.rfind("bound to cores", 0) != 0) return 99;
    int cores = 0;
    std::thread([&] { cores = cores_of_this_thread(); }).join();
    return cores;
  });
  if (all < 2) {
    WARN("skipped: one core");
    return;
  }
  CHECK(half >= 1);
  CHECK(half < all);
}

TEST_CASE("where the launcher has bound a worker already, it stays so") {
  const int left_alone = in_a_child([] {
    cpu_set_t one;
    CPU_ZERO(&one);
    for (int core = 0; CPU_COUNT(&one) == 0; ++core) {
      cpu_set_t all;
      sched_getaffinity(0, sizeof(all), &all);
      if (CPU_ISSET(core, &all)) CPU_SET(core, &one);
    }
    sched_setaffinity(0, sizeof(one), &one);
    const std::string said = bind_process(Bind::kCores, {1, 2, ""});
    cpu_set_t after;
    sched_getaffinity(0, sizeof(after), &after);
    return said == "cores left as the launcher bound them" && CPU_EQUAL(&one, &after) ? 1 : 0;
  });
  if (cores_of_this_thread() < 2) {
    WARN("skipped: one core");
    return;
  }
  CHECK(left_alone == 1);
}

TEST_CASE("nothing is bound where that would crowd workers, or nobody asked") {
  CHECK(bind_process(Bind::kNone, {}) == "not bound to cores");
  CHECK(bind_process(Bind::kAuto, {0, 2, ""}) == "not bound to cores");
  CHECK_THAT(bind_process(Bind::kCores, {0, 100'000, ""}), StartsWith("not bound to cores: 100000 workers"));
}

TEST_CASE("a GPU that the machine knows nothing of is said, and binds nothing") {
  CHECK_THAT(bind_process(Bind::kNuma, {0, 1, "00ff:f7:1f.0"}), Contains("near GPU 00ff:f7:1f.0"));
}

}  // namespace
}  // namespace interlock::device
