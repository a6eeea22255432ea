#pragma once
// `train --single-process` and single-process evaluation: the oracle, with the same files and progress as a
// real run.

#include "app/commands.h"
#include "coordinator/run_recorder.h"

namespace interlock::app {

int train_in_single_process(const TrainArguments& arguments);
int evaluate_in_single_process(const EvalArguments& arguments);

// Prints the closing summary from what was recorded.
void summarise(const coordinator::Job& job, const coordinator::RunRecorder& recorder);

}  // namespace interlock::app
