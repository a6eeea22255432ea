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
  // [k]: stages that must have all their gradients too before stage k updates (and the other way round): they
  // share a tied matrix, a norm or an overflow. The exchange takes so long. Empty: every stage updates by
  // itself.
  std::vector<std::vector<int>> update_peers = {};
  double update_exchange_seconds = 0;
};

// Adds: none of `stages` updates before all of them can.
void update_together(Costs& costs, const std::vector<int>& stages);

// All stages alike, in the units of the design's table: F = I = 1, W = 2, messages free.
Costs equal_costs(int stages);

// What `program` takes on a stage that never waits.
double work_seconds(const StageCosts& costs, const StageProgram& program);

}  // namespace interlock::schedule
