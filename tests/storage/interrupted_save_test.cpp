// A save that is killed, or that finds the disk full, at any write, fsync, rename or removal leaves the old
// checkpoint or the new one.
//
// Faults are planned once a process, so each save is a process: the test runs itself again with a hidden case
// chosen, which only forks and reads, and whose children save.

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/atomic_file.h"
#include "common/error.h"
#include "save_support.h"

namespace interlock::storage {
namespace {

namespace fs = std::filesystem;
using test::TempFolder;

constexpr int kIoExit = 4;

// The wait status of a process that does `action`; 4 is its exit code for an IoError.
int status_of(const std::function<void()>& action, const std::string& fault = "") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    if (!fault.empty()) ::setenv("INTERLOCK_TEST_FAULT", fault.c_str(), 1);
    try {
      action();
      ::_exit(0);
    } catch (const IoError&) {
      ::_exit(kIoExit);
    } catch (const std::exception& error) {
      ::fprintf(stderr, "a save failed otherwise: %s\n", error.what());
      ::_exit(99);
    }
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

bool has_temporaries(const std::string& run) {
  for (const auto& entry : fs::recursive_directory_iterator(run)) {
    if (is_unfinished_file(entry.path().filename().string())) return true;
  }
  return false;
}

// One save over what is there before.
struct Scenario {
  const char* name;
  std::int64_t step;  // of the new save; the old one is of step 1
  int stages;         // the old one has 2
  int keep;
};
constexpr Scenario kScenarios[] = {{"a later step, both kept", 2, 2, 0},
                                   {"a later step, one kept", 2, 2, 1},
                                   {"the same step, the same cut", 1, 2, 1},
                                   {"the same step, another cut", 1, 3, 1},
                                   {"the same step, fewer stages", 1, 1, 0}};

void save_new(const TempFolder& run, const Scenario& scenario) {
  test::save(run.path(), scenario.step, scenario.stages, 2, scenario.keep);
}

// Exactly the old set or the new one, bitwise, and the next life cleans up and saves as if nothing had been.
void check_old_or_new(const TempFolder& run, const Scenario& scenario) {
  const std::string found = latest_sound_checkpoint(run.path());
  REQUIRE(found == latest_checkpoint(run.path()));
  const test::TensorsByName loaded = test::read_all(found);
  // Whatever has a manifest is whole, also one that was being removed.
  for (const auto& entry : fs::directory_iterator(checkpoints_directory(run.path()))) {
    const std::string folder = entry.path().string();
    if (fs::exists(folder + "/manifest.json")) CHECK_NOTHROW(check_shards(folder, read_manifest(folder)));
  }
  CHECK((test::same(loaded, test::expected(2, 1)) || test::same(loaded, test::expected(scenario.stages, 2))));
  REQUIRE(status_of([&] { remove_unfinished(run.path()); }) == 0);
  CHECK_FALSE(has_temporaries(run.path()));
  CHECK(test::same(test::read_all(latest_sound_checkpoint(run.path())), loaded));
  REQUIRE(status_of([&] { save_new(run, scenario); }) == 0);
  CHECK(test::same(test::read_all(latest_sound_checkpoint(run.path())), test::expected(scenario.stages, 2)));
  const std::string directory = checkpoint_directory(run.path(), scenario.step);
  const auto files = std::distance(fs::directory_iterator(directory), fs::directory_iterator());
  CHECK(files == scenario.stages + 1);
}

// Does `check` after a save that met `kind` at each of the places where it can.
void at_every_place(const char* kind,
                    const std::function<void(const TempFolder&, const Scenario&, int)>& check) {
  int places = 0;
  for (const Scenario& scenario : kScenarios) {
    for (const char* point : {"file_write", "file_sync", "file_rename", "file_renamed", "file_remove"}) {
      for (int count = 1;; ++count) {
        const TempFolder run;
        REQUIRE(status_of([&] { test::save(run.path(), 1, 2, 1); }) == 0);
        const std::string fault = std::string("*:") + point + ":" + kind + ":" + std::to_string(count);
        const int status = status_of([&] { save_new(run, scenario); }, fault);
        if (status == 0) break;
        INFO(scenario.name << ": " << fault);
        check(run, scenario, status);
        ++places;
      }
    }
  }
  std::printf("%d places of %s\n", places, kind);
  CHECK(places > 100);
}

TEST_CASE("kill every save", "[.][forks]") {
  at_every_place("kill", [](const TempFolder& run, const Scenario& scenario, int status) {
    REQUIRE(WIFSIGNALED(status));
    REQUIRE(WTERMSIG(status) == SIGKILL);
    check_old_or_new(run, scenario);
  });
}

TEST_CASE("fill the disk in every save", "[.][forks]") {
  at_every_place("no_space", [](const TempFolder& run, const Scenario& scenario, int status) {
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == kIoExit);
    CHECK_FALSE(has_temporaries(run.path()));
    check_old_or_new(run, scenario);
  });
}

TEST_CASE("limit the size of files in every save", "[.][forks]") {
  for (const Scenario& scenario : {kScenarios[1], kScenarios[3]}) {
    for (rlim_t bytes = 0;; bytes += 61) {
      const TempFolder run;
      REQUIRE(status_of([&] { test::save(run.path(), 1, 2, 1); }) == 0);
      const int status = status_of([&] {
        ::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{bytes, bytes};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        save_new(run, scenario);
      });
      if (status == 0) break;
      INFO(scenario.name << ": at most " << bytes << " bytes a file");
      REQUIRE(WIFEXITED(status));
      CHECK(WEXITSTATUS(status) == kIoExit);
      CHECK_FALSE(has_temporaries(run.path()));
      check_old_or_new(run, scenario);
    }
  }
}

void run_hidden(const char* name) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::execl("/proc/self/exe", "storage_test", name, static_cast<char*>(nullptr));
    ::_exit(127);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("a save killed at any write, fsync, rename or removal leaves the old checkpoint or the new") {
  run_hidden("kill every save");
}

TEST_CASE(
    "a save that finds the disk full anywhere leaves the old checkpoint or the new, and no temporaries") {
  run_hidden("fill the disk in every save");
}

TEST_CASE(
    "a file size limit at any byte of a save is an I/O error that leaves the old checkpoint or the new") {
  run_hidden("limit the size of files in every save");
}

TEST_CASE("a file system that is really full keeps the checkpoint that it has") {
  const TempFolder mount;
  if (::mount("tmpfs", mount.path().c_str(), "tmpfs", 0, "size=64k") != 0) {
    WARN("skipped: mounting a small file system needs root (" << std::strerror(errno) << ")");
    return;
  }
  const std::string run = mount.path_of("run");
  try {
    test::save(run, 1, 2, 1);
    int refused = 0;
    for (int pages = 0; pages <= 16; ++pages) {
      std::ofstream ballast(mount.path_of("ballast"), std::ios::binary | std::ios::trunc);
      ballast << std::string(static_cast<std::size_t>(4096 * pages), 'x') << std::flush;
      ballast.close();
      try {
        test::save(run, 2, 2, 2);
        remove_old_checkpoints(run, 0);
        fs::remove_all(checkpoint_directory(run, 2));
      } catch (const IoError& error) {
        CHECK_THAT(error.what(), Catch::Matchers::Contains("No space left"));
        ++refused;
      }
      CHECK_FALSE(has_temporaries(run));
      CHECK(test::same(test::read_all(latest_sound_checkpoint(run)), test::expected(2, 1)));
      fs::remove(mount.path_of("ballast"));
      remove_unfinished(run);
    }
    CHECK(refused > 1);
  } catch (...) {
    ::umount(mount.path().c_str());
    throw;
  }
  ::umount(mount.path().c_str());
}

}  // namespace
}  // namespace interlock::storage
