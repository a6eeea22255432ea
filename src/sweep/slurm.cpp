#include "sweep/slurm.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "common/text.h"

namespace interlock::sweep {
namespace {

// sbatch reads its own lines before any shell does: no quoting helps there.
std::string job_name(const std::string& dir) {
  std::string name = dir.substr(dir.rfind('/') + 1);
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0 && c != '-' && c != '_'; },
      '-');
  return name.empty() ? "sweep" : name;
}

}  // namespace

std::string shell_word(const std::string& text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string("._-+/=:,@%").find(static_cast<char>(c)) != std::string::npos;
  });
  if (plain) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string slurm_script(const SweepPlan& plan, const SlurmJob& job) {
  int ranks = 1;
  int threads = 1;
  for (const SweepRun& run : plan.runs) {
    ranks = std::max(ranks, run.ranks);
    threads = std::max(threads, run.config.run.threads);
  }
  std::vector<std::string> words = {shell_word(job.program), "sweep", shell_word(plan.grid.file)};
  for (const std::string& text : job.overrides) words.push_back(shell_word(text));
  const std::string command = join(words, " ");

  std::string script = "#!/bin/bash\n";
  script += fmt::format(
      "# The {} runs of {}, one a task. Submit with sbatch; options given to sbatch win over these.\n",
      plan.runs.size(), plan.grid.file);
  script += fmt::format("# When all have ended: {} --table\n", command);
  script += fmt::format("#SBATCH --job-name={}\n", job_name(plan.grid.dir));
  script += fmt::format("#SBATCH --array=0-{}\n", plan.runs.size() - 1);
  script += fmt::format("#SBATCH --ntasks={}\n", ranks);
  script += fmt::format("#SBATCH --cpus-per-task={}\n", threads);
  script += fmt::format("#SBATCH --output={}-%A_%a.out\n", job_name(plan.grid.dir));
  script += "set -euo pipefail\n";
  script += fmt::format("cd {}\n", shell_word(job.working_directory));
  if (plan.grid.mode == Mode::kRanks) {
    script +=
        "# What starts the ranks of a run; their number and the program follow. mpirun works too: \"mpirun "
        "-np\".\n";
    script += "export INTERLOCK_MPIRUN=${INTERLOCK_MPIRUN:-\"srun --mpi=pmix -n\"}\n";
  }
  script += fmt::format("export OMP_NUM_THREADS={}\n", threads);
  script += fmt::format("exec {} --only \"$SLURM_ARRAY_TASK_ID\"\n", command);
  return script;
}

}  // namespace interlock::sweep
