#pragma once
// The folder of a run: what is made, moved or found there before anything starts.

#include <string>
#include <vector>

#include "coordinator/job.h"
#include "training/run_plan.h"

namespace interlock::app {

// config::load_config(), with a warning for settings that are valid but do nothing in this combination.
config::Config load_run_config(const std::string& path, const std::vector<std::string>& overrides);

// Errors: UsageError where the config is for simulated devices, which have no weights to `purpose`.
void require_real_device(const config::Config& config, const std::string& purpose);

// The checkpoint that `resume` ("auto", "none" or a path) asks for, "" for a fresh start. Says what it found.
// Errors: DataError where a given path is no checkpoint, or the checkpoint is damaged.
std::string find_checkpoint(const config::Config& config, const std::string& resume);

// find_checkpoint_of_run() for evaluation. Errors: also where the data has nothing to evaluate on.
std::string find_checkpoint_to_evaluate(const training::RunPlan& plan, const std::string& given);

// The checkpoint to use: `given`, or the newest of the run. Errors: DataError where there is none.
std::string find_checkpoint_of_run(const config::Config& config, const std::string& given);

// Makes the folder and writes config.yaml, for text with a copy of the vocabulary; a fresh start sets an earlier run's folder aside first and says
// so.
void prepare_run_folder(const config::Config& config, bool fresh);

// Steps that a checkpoint has done; 0 for "".
std::int64_t steps_done(const std::string& checkpoint);

coordinator::Job make_job(const training::RunPlan& plan, std::int64_t steps_done);

// Standard output, at the end: what was reached, where the files are, what to type next.
void print_summary(const coordinator::Job& job, double seconds, double accuracy, double loss);

}  // namespace interlock::app
