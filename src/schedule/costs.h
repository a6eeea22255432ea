#pragma once
// What things cost: the planner's and the simulator's idea of a machine.

#include <vector>

#include "schedule/action.h"

namespace interlock::schedule {

// Seconds of each action of one micro-batch on one stage.
struct StageCosts {
  double forward = 1;
  double loss = 0;  // own loss: head forward and backward
  double input_gradient = 1;
  double weight_gradient = 2;         // with its own chain through the stage
  double backward = 2;                // input and weight gradient in one pass
  double update = 0;                  // of a batch, not of a micro-batch
  double stacked_input_gradient = 1;  // of each of two or more losses in one pass

  [[nodiscard]] double of(const Action& action) const;
  // For a micro-batch `factor` times as large; the update, of a batch, stays.
  [[nodiscard]] StageCosts scaled(double factor) const;
};

struct Costs {
  std::vector<StageCosts> stages;
  // [k]: from the end of an action on stage k or k+1 to the message being usable on the other. K-1 entries.
  std::vector<double> link_seconds;
  // [k]: what one micro-batch in flight keeps on stage k. Empty: not known.
  std::vector<double> stored_bytes;
  // Stages that hold copies of a tied matrix: none of them updates before all have their gradients, and the
  // exchange takes so long. Empty: every stage updates by itself.
  std::vector<int> tied_stages = {};
  double tied_exchange_seconds = 0;
};

// All stages alike, in the units of the design's table: F = I = 1, W = 2, messages free.
Costs equal_costs(int stages);

// What `program` takes on a stage that never waits.
double work_seconds(const StageCosts& costs, const StageProgram& program);

}  // namespace interlock::schedule
