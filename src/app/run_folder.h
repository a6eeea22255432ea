#pragma once
// The folder of a run: what is made, moved or found there before anything starts.

#include <string>
#include <vector>

#include "coordinator/coordinator.h"
#include "coordinator/job.h"
#include "training/run_plan.h"

namespace interlock::app {

// config::load_config(), with a warning for settings that are valid but do nothing in this combination.
config::Config load_run_config(const std::string& path, const std::vector<std::string>& overrides);

// Errors: UsageError where the config is for simulated devices, which have no weights to `purpose`.
void require_real_device(const config::Config& config, const std::string& purpose);

// Makes the folder and writes config.yaml, for text with a copy of the vocabulary; a fresh start sets an
// earlier run's folder aside first, says so, and returns true.
bool prepare_run_folder(const config::Config& config, bool fresh);

coordinator::Job make_job(const training::RunPlan& plan);

// From now on, until this process ends, the folder is its alone: another job of the same run must not write
// here. An earlier one that is about to end is waited for, some seconds. Errors: UsageError where there is
// another.
void claim_run_folder(const std::string& folder);

// Standard output, of a run that a signal stopped: what is saved, and how to go on. Returns the exit code.
int print_stopped(const coordinator::Job& job, const coordinator::Ending& ending);

// Standard output, at the end: what was reached, where the files are, what to type next.
void print_summary(const coordinator::Job& job, double seconds, double accuracy, double loss);

}  // namespace interlock::app
