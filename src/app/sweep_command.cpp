// `sweep`: many runs of one config with some keys varied, compared on held-out samples.

#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

#include "app/commands.h"
#include "app/rank_session.h"
#include "common/error.h"
#include "common/files.h"
#include "common/log.h"
#include "common/text.h"
#include "start/programs.h"
#include "sweep/folder.h"
#include "sweep/results.h"
#include "sweep/runner.h"
#include "sweep/slurm.h"
#include "sweep/table.h"

namespace interlock::app {
namespace {

struct SweepArguments {
  std::string grid;                    // a grid file
  std::vector<std::string> overrides;  // key.path=value for every run, key=value for the grid
  int only = -1;                       // the index of the one run to carry out; -1: all
  bool table = false;                  // only show what is there
  bool dry_run = false;                // only list the runs
  std::string slurm;                   // only write this job-array script
};

using sweep::Outcome;
using sweep::State;
using sweep::SweepPlan;
using sweep::SweepRun;

std::string this_program() {
  return start::program_for_users(start::this_program());
}

std::vector<const SweepRun*> chosen_runs(const SweepPlan& plan, int only) {
  std::vector<const SweepRun*> runs;
  for (const SweepRun& run : plan.runs) {
    if (only < 0 || only == run.index) runs.push_back(&run);
  }
  if (runs.empty()) {
    throw UsageError(
        fmt::format("--only {}: {} has the runs 0 to {}", only, plan.grid.file, plan.runs.size() - 1));
  }
  return runs;
}

void list_runs(const SweepPlan& plan) {
  fmt::print("{} runs in {}, compared by {} on {}\n", plan.runs.size(), plan.grid.dir,
             name_of(plan.grid.score), plan.validation);
  fmt::print("{:>5}  {:>5}  {:<10}  {}\n", "index", "ranks", "state", "name");
  for (const SweepRun& run : plan.runs) {
    fmt::print("{:>5}  {:>5}  {:<10}  {}\n", run.index, run.ranks, name_of(find_outcome(plan, run).state),
               run.name);
  }
}

void write_slurm_script(const SweepPlan& plan, const SweepArguments& arguments) {
  const sweep::SlurmJob job{this_program(), std::filesystem::current_path().string(), arguments.overrides};
  write_file_atomically(arguments.slurm, sweep::slurm_script(plan, job));
  fmt::print("{}: a job array of {} tasks; submit it with: sbatch {}\n", arguments.slurm, plan.runs.size(),
             sweep::shell_word(arguments.slurm));
}

// The exit code that a run's failure is worth: its own, unless a signal or a launcher made it up.
int code_of(const Outcome& outcome) {
  constexpr int kMostOfOurs = 127;
  const bool ours = outcome.exit_code > 0 && outcome.exit_code < kMostOfOurs;
  return ours ? outcome.exit_code : static_cast<int>(ExitCode::kPeerDied);
}

int report_failures(const std::vector<Outcome>& ranked) {
  std::fflush(stdout);  // the table first, wherever both streams go
  int code = 0;
  for (const Outcome& outcome : ranked) {
    if (outcome.state == State::kRunning) code = static_cast<int>(ExitCode::kRequeue);
  }
  for (const Outcome& outcome : ranked) {
    if (outcome.state != State::kFailed) continue;
    log_error(
        fmt::format("{} failed with exit code {}: {}", outcome.run->name, outcome.exit_code, outcome.error));
    code = code_of(outcome);
  }
  return code;
}

void show_results(const SweepPlan& plan, const std::vector<Outcome>& ranked) {
  fmt::print("\nscore: {} on {}\n{}", name_of(plan.grid.score), plan.validation,
             as_text(make_table(plan, ranked)));
  if (!std::filesystem::exists(plan.grid.dir)) return;
  write_results(plan, ranked);
  const std::string& dir = plan.grid.dir;
  fmt::print("files: {0}/results.json, {0}/results.csv, {0}/results.md\n", dir);
  if (const Outcome* best = best_of(ranked)) {
    fmt::print("best: {0}; {1}/best.yaml trains it on everything\n", best->run->name, dir);
  }
}

// One run of many, here as a task of a job array: its tasks must not write the same files at once.
int report_one(const SweepPlan& plan, const SweepRun& run) {
  const int code = report_failures({find_outcome(plan, run)});
  if (code == 0) fmt::print("the table of all runs: interlock sweep {} --table\n", plan.grid.file);
  return code;
}

int carry_out(const SweepPlan& plan, int only) {
  const std::vector<const SweepRun*> runs = chosen_runs(plan, only);
  log_info(fmt::format("runs are compared by {} on {}", name_of(plan.grid.score), plan.validation));
  const bool finished = sweep::carry_out(plan, runs, sweep::find_launcher(this_program()));
  if (!finished) log_warning("stopped by a signal; the same command goes on with what is left");
  if (finished && only >= 0) return report_one(plan, *runs.front());
  const std::vector<Outcome> ranked = ranked_outcomes(plan);
  show_results(plan, ranked);
  if (!finished) return static_cast<int>(ExitCode::kRequeue);
  const int code = report_failures(ranked);
  if (code == 0 && best_of(ranked) == nullptr)
    throw DataError("no run has a finite score: there is no best one");
  return code;
}

int sweep_command(const SweepArguments& arguments) {
  if (launched_with_ranks()) {
    throw UsageError("sweep starts the ranks of its runs itself; start it without mpirun or srun");
  }
  const SweepPlan plan = sweep::plan_sweep(sweep::read_grid(arguments.grid, arguments.overrides));
  if (arguments.dry_run) {
    list_runs(plan);
  } else if (!arguments.slurm.empty()) {
    write_slurm_script(plan, arguments);
  } else if (arguments.table) {
    sweep::check_folder(chosen_runs(plan, -1));
    show_results(plan, ranked_outcomes(plan));
  } else {
    return carry_out(plan, arguments.only);
  }
  return 0;
}

}  // namespace

void add_sweep_command(CLI::App& app, cli::Run& run) {
  const auto arguments = std::make_shared<SweepArguments>();
  CLI::App* const command =
      app.add_subcommand("sweep", "train many variants of one config and compare them on held-out samples");
  command->add_option("GRID", arguments->grid, "a grid file: base config, values to try, score")->required();
  command->add_option("OVERRIDES", arguments->overrides,
                      "key.path=value for every run, key=value for the grid ...");
  CLI::Option* const only =
      command->add_option("--only", arguments->only, "carry out the run with this index alone")
          ->check(CLI::Range(0, 9999));
  CLI::Option* const table =
      command->add_flag("--table", arguments->table, "only show the table of what is there");
  CLI::Option* const dry_run = command->add_flag("--dry-run", arguments->dry_run, "only list the runs");
  CLI::Option* const slurm = command->add_option("--slurm", arguments->slurm,
                                                 "only write this SLURM script: a job array, one task a run");
  table->excludes(only);
  dry_run->excludes(only)->excludes(table);
  slurm->excludes(only)->excludes(table)->excludes(dry_run);
  command->callback([arguments, &run] { run = [arguments] { return sweep_command(*arguments); }; });
}

}  // namespace interlock::app
