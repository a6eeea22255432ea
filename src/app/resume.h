#pragma once
// From which checkpoint a command starts.

#include <string>

#include "coordinator/job.h"
#include "training/run_plan.h"

namespace interlock::app {

// Where training starts, as `resume` asks:
//   ""       the newest checkpoint of the run, if the run in the folder is the same experiment; else the beginning
//   "auto"   the newest checkpoint of the run, whatever has changed
//   "sound"  the newest that is undamaged
//   "none"   the beginning
//   a path   that checkpoint
// "" for the beginning. Says what it found. Errors: DataError where a given path is no checkpoint, or the one
// found is damaged.
std::string find_start(const config::Config& config, const std::string& resume);

// The checkpoint to use: `given` (a path, or "best"), or the newest of the run. Errors: DataError where there
// is none.
std::string find_checkpoint_of_run(const config::Config& config, const std::string& given);

// find_checkpoint_of_run() for evaluation. Errors: also where the data has nothing to evaluate on.
std::string find_checkpoint_to_evaluate(const training::RunPlan& plan, const std::string& given);

// Steps that a checkpoint has done; 0 for "".
std::int64_t steps_done(const std::string& checkpoint);

// Where in the data and in its epoch the checkpoint was taken, into `job`. Errors: UsageError where the
// config divides the data into other batches, so that there is no such place.
void go_on_from(const std::string& checkpoint, coordinator::Job& job);

// Once all stages have taken their weights from `checkpoint` ("": start afresh) and before anything is saved:
// makes or keeps the run's folder, removes what earlier lives left unfinished and sets aside what would have
// come later.
void prepare_to_train(const training::RunPlan& plan, const std::string& checkpoint, coordinator::Job& job);

}  // namespace interlock::app
