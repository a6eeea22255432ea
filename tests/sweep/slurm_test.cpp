// The job array.

#include "sweep/slurm.h"

#include "sweep/launch.h"
#include "sweep_support.h"

namespace interlock::sweep {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using Words = std::vector<std::string>;

const SlurmJob kJob = {
    "/opt/interlock", "/data/my runs", {"training.epochs=2", "model.layers=[relu, {linear: {in: 1}}]"}};

TEST_CASE("a job array has one task a combination and the ranks of the largest") {
  const Sandbox box("base: base.yaml\ngrid: {partition.stages: [1, 3], training.seed: [1, 2]}\n",
                    "run: {threads: 4}\n");
  const std::string script = slurm_script(box.plan(), kJob);
  CHECK_THAT(script, StartsWith("#!/bin/bash\n"));
  for (const char* line :
       {"\n#SBATCH --array=0-3\n", "\n#SBATCH --ntasks=4\n", "\n#SBATCH --cpus-per-task=4\n",
        "\n#SBATCH --job-name=sweep\n", "\ncd '/data/my runs'\n", "srun --mpi=pmix -n"}) {
    CHECK_THAT(script, Contains(line));
  }
  CHECK_THAT(
      script,
      Contains(
          "exec /opt/interlock sweep " + box.folder.path_of("grid.yaml") +
          " training.epochs=2 'model.layers=[relu, {linear: {in: 1}}]' --only \"$SLURM_ARRAY_TASK_ID\"\n"));
}

TEST_CASE("a job array of single processes needs no launcher") {
  const Sandbox box("base: base.yaml\nmode: single_process\ngrid: {training.seed: [1]}\n");
  const std::string script = slurm_script(box.plan(), kJob);
  CHECK_THAT(script,
             Contains("\n#SBATCH --array=0-0\n") && Contains("\n#SBATCH --ntasks=1\n") && !Contains("srun"));
}

TEST_CASE("words of a shell command are quoted where they must be") {
  CHECK(shell_word("runs/a=1.yaml") == "runs/a=1.yaml");
  CHECK(shell_word("") == "''");
  CHECK(shell_word("a b$c") == "'a b$c'");
  CHECK(shell_word("it's") == "'it'\\''s'");
}

TEST_CASE("a run is started through the launcher with its ranks, or alone") {
  const Sandbox box("base: base.yaml\ngrid: {training.seed: [1]}\n");
  const SweepPlan plan = box.plan();
  const SweepRun& run = plan.runs[0];
  const Launcher launcher{"/i", {"mpirun", "-np"}};
  const std::string config = run.files.config;
  CHECK(training_command(launcher, Mode::kRanks, run, false) ==
        Words{"mpirun", "-np", "3", "/i", "train", config});
  CHECK(training_command(launcher, Mode::kSingleProcess, run, true) ==
        Words{"/i", "train", config, "--single-process", "--resume"});
  CHECK(evaluation_command(launcher, Mode::kSingleProcess, run, 42).back() ==
        run.files.folder + "/checkpoints/step-00000042");
}

TEST_CASE("INTERLOCK_MPIRUN names the launcher") {
  const char* const before = std::getenv("INTERLOCK_MPIRUN");
  const std::string kept = before != nullptr ? before : "";
  ::setenv("INTERLOCK_MPIRUN", "srun --mpi=pmix  -n", 1);
  CHECK(find_launcher("/x/interlock").mpirun == Words{"srun", "--mpi=pmix", "-n"});
  ::unsetenv("INTERLOCK_MPIRUN");
  CHECK(find_launcher("/x/interlock").mpirun.front() == "mpirun");
  if (before != nullptr) ::setenv("INTERLOCK_MPIRUN", kept.c_str(), 1);
}

}  // namespace
}  // namespace interlock::sweep
