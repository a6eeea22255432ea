#include "sweep/runner.h"

#include <cmath>
#include <filesystem>

#include <fmt/format.h>

#include "common/files.h"
#include "common/text.h"
#include "sweep/folder.h"
#include "sweep/job_pool.h"
#include "sweep/outcome.h"

namespace interlock::sweep {
namespace {

class Runner {
 public:
  Runner(const SweepPlan& plan, const Launcher& launcher) : plan_(plan), launcher_(launcher) {}

  bool run(const std::vector<const SweepRun*>& runs) {
    std::deque<Job> jobs;
    for (const SweepRun* run : runs) {
      const Outcome outcome = find_outcome(plan_, *run);
      if (outcome.state == State::kDone) {
        say(*run, "done already" + score_text(outcome));
      } else {
        jobs.push_back(next_job(*run));
      }
    }
    const int parallel = plan_.grid.parallel;
    const JobEvents events{[&](const Job& job) { started(job); },
                           [&](const Job& job, const JobEnd& end) { return ended(job, end); }};
    return run_jobs(std::move(jobs), parallel > 0 ? parallel : cores_of_this_machine(), events);
  }

 private:
  void say(const SweepRun& run, const std::string& text) const {
    fmt::print("[{}/{}] {}: {}\n", run.index + 1, plan_.runs.size(), run.name, text);
    std::fflush(stdout);
  }

  [[nodiscard]] std::string score_text(const Outcome& outcome) const {
    if (!outcome.evaluation) return "";
    return fmt::format(", {} {:.4f}", name_of(plan_.grid.score), outcome.score);
  }

  [[nodiscard]] Job next_job(const SweepRun& run) const {
    const RunMetrics metrics = read_metrics(run.files.folder);
    const Mode mode = plan_.grid.mode;
    Job job{run.index, plan_.grid.parallel > 0 ? 1 : cores_of(run), {}, run.files.log};
    job.command = lacks_final_evaluation(metrics) ? evaluation_command(launcher_, mode, run, metrics.steps)
                                                  : training_command(launcher_, mode, run, metrics.started);
    return job;
  }

  void started(const Job& job) const {
    const SweepRun& run = run_of(job);
    const RunMetrics metrics = read_metrics(run.files.folder);
    forget_failure(run);
    if (lacks_final_evaluation(metrics)) {
      make_directories(run.files.folder + "/evaluation");
      return;
    }
    say(run, fmt::format("{} (log: {})", metrics.started ? "going on" : "started", run.files.log));
  }

  std::optional<Job> ended(const Job& job, const JobEnd& end) {
    const SweepRun& run = run_of(job);
    if (end.busy) {
      say(run, "another process is working on it: left to that one");
      return std::nullopt;
    }
    // Stopped between its last checkpoint and the evaluation after it, a run has nothing left to train.
    Job evaluation = next_job(run);
    if (end.exit_code == 0 && lacks_final_evaluation(read_metrics(run.files.folder)) &&
        evaluation.command != job.command) {
      return evaluation;
    }

    const Outcome outcome = find_outcome(plan_, run);
    if (outcome.state == State::kDone) {
      say(run, fmt::format("done in {}{}{}", format_duration(outcome.seconds), score_text(outcome),
                           standing(outcome)));
      return std::nullopt;
    }
    std::string error = last_error_line(run.files.log, end.log_start);
    if (end.exit_code == 0) error = "it ended without an evaluation of its last step (" + error + ")";
    record_failure(run, end.exit_code, error);
    say(run, fmt::format("failed with exit code {}: {}", end.exit_code, error));
    return std::nullopt;
  }

  [[nodiscard]] std::string standing(const Outcome& outcome) const {
    if (!std::isfinite(outcome.score)) return " (diverged)";
    const std::vector<Outcome> ranked = ranked_outcomes(plan_);
    const Outcome* best = best_of(ranked);
    return best != nullptr && best->run == outcome.run ? " (best so far)" : "";
  }

  [[nodiscard]] const SweepRun& run_of(const Job& job) const {
    return plan_.runs[static_cast<std::size_t>(job.id)];
  }

  const SweepPlan& plan_;
  const Launcher& launcher_;
};

}  // namespace

bool carry_out(const SweepPlan& plan, const std::vector<const SweepRun*>& runs, const Launcher& launcher) {
  prepare_folder(plan, runs);
  return Runner(plan, launcher).run(runs);
}

}  // namespace interlock::sweep
