#pragma once
// The whole run as a sequence of orders: pure, made one epoch at a time.

#include <vector>

#include "coordinator/job.h"
#include "schedule/protocol.h"

namespace interlock::coordinator {

// The orders of one epoch (from 0), beginning after job.steps_done: its training batches, then a checkpoint,
// then an evaluation where one is due (every training.eval_every_epochs, and after the last step of the run).
std::vector<schedule::Order> epoch_orders(const Job& job, std::int64_t epoch);

// One pass over the evaluation samples.
std::vector<schedule::Order> evaluation_orders(const Job& job, std::int64_t epoch, std::int64_t step);

}  // namespace interlock::coordinator
