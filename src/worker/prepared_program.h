#pragma once
// A stage's program for a batch of some number of micro-batches, with everything about its messages looked up
// once.

#include <string>
#include <vector>

#include "schedule/messages.h"
#include "training/run_plan.h"

namespace interlock::worker {

struct PreparedAction {
  schedule::Action action;
  std::vector<schedule::Message> takes;  // messages that no earlier action of the program has taken
  std::string name;                      // for people: "F 3"
};

struct PreparedProgram {
  std::vector<PreparedAction> actions;
  std::vector<schedule::Message> receives;  // all of them, in the order of use
  // The same ones in the order in which they are sent: those from below, then those from above.
  std::vector<schedule::Message> arrivals;
};

PreparedProgram prepare_training(const training::RunPlan& plan, int stage, int micro_batches);
PreparedProgram prepare_evaluation(const training::RunPlan& plan, int stage, int micro_batches);

}  // namespace interlock::worker
