#include "sweep/launch.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sched.h>
#include <sstream>

#include <fmt/format.h>

#include "config/scalar.h"

namespace interlock::sweep {
namespace {

std::vector<std::string> on_ranks(const Launcher& launcher, Mode mode, const SweepRun& run) {
  std::vector<std::string> command;
  if (mode == Mode::kRanks) {
    command = launcher.mpirun;
    command.push_back(std::to_string(run.ranks));
  }
  command.push_back(launcher.program);
  return command;
}

}  // namespace

Launcher find_launcher(const std::string& program) {
  Launcher launcher{program, {}};
  if (const char* given = std::getenv("INTERLOCK_MPIRUN")) {
    std::istringstream words(given);
    for (std::string word; words >> word;) launcher.mpirun.push_back(word);
  }
  if (!launcher.mpirun.empty()) return launcher;
  namespace fs = std::filesystem;
  for (const char* script : {"../../launch/lib/mpirun.sh", "../share/interlock/launch/lib/mpirun.sh"}) {
    std::error_code missing;
    const fs::path found = fs::canonical(fs::path(program).parent_path() / script, missing);
    if (missing) continue;
    launcher.mpirun = {found.string()};
    return launcher;
  }
  launcher.mpirun = {"mpirun", "--oversubscribe", "--bind-to", "none", "-np"};
  return launcher;
}

std::vector<std::string> training_command(const Launcher& launcher, Mode mode, const SweepRun& run,
                                          bool resume) {
  std::vector<std::string> command = on_ranks(launcher, mode, run);
  command.insert(command.end(), {"train", run.files.config});
  if (mode == Mode::kSingleProcess) command.emplace_back("--single-process");
  if (resume) command.emplace_back("--resume");
  return command;
}

std::vector<std::string> evaluation_command(const Launcher& launcher, Mode mode, const SweepRun& run,
                                            std::int64_t step) {
  std::vector<std::string> command = on_ranks(launcher, mode, run);
  command.insert(
      command.end(),
      {"eval", run.files.config, "run.dir=" + config::format_text(run.files.folder + "/evaluation"),
       "--checkpoint", fmt::format("{}/checkpoints/step-{:08}", run.files.folder, step)});
  return command;
}

int cores_of(const SweepRun& run) {
  return run.ranks * std::max(1, run.config.run.threads);
}

int cores_of_this_machine() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? std::max(1, CPU_COUNT(&set)) : 1;
}

}  // namespace interlock::sweep
