#pragma once
// Everything about a run that follows from the config and the data set's facts. Every rank makes the same
// plan.

#include "data/dataset.h"
#include "models/blueprint.h"
#include "schedule/action.h"
#include "schedule/gradient_rule.h"

namespace interlock::training {

inline constexpr std::int64_t kFloatBytes = 4;  // weights, gradients and optimizer state are float32

struct RunPlan {
  config::Config config;
  data::DatasetInfo data;
  schedule::GradientRule rule;
  models::Blueprint blueprint;
  std::int64_t micro_batch_size = 0;  // samples; a batch's last micro-batch may be smaller
  std::int64_t steps_per_epoch = 0;
  std::int64_t total_steps = 0;  // of the whole run, max_steps included
  // Every stage's actions of a full batch (schedule_choice.h makes it); empty where nothing is scheduled, as
  // for the oracle.
  schedule::Schedule schedule;
};

// All but the schedule. Errors: as make_blueprint(); UsageError where no batch can be formed.
RunPlan make_run_plan(const config::Config& config, const data::DatasetInfo& data);

// Samples of a full micro-batch that each replica of the stage computes.
std::int64_t samples_of_replica(const RunPlan& plan, int stage);

// What one full micro-batch keeps for backward on a stage, in bytes: an estimate from the layers' shapes;
// with training.recompute, and where all is frozen, the stage's input only. Of one replica.
std::int64_t stored_bytes(const RunPlan& plan, int stage);

// REQUIRES the schedule. Estimated bytes stage k needs while training: weights, gradients, optimizer state,
// activations in flight.
struct MemoryEstimate {
  double weights = 0;
  double gradients = 0;
  double optimizer = 0;
  double activations = 0;
  int in_flight = 0;  // micro-batches
  [[nodiscard]] double total() const { return weights + gradients + optimizer + activations; }
};
MemoryEstimate estimate_memory(const RunPlan& plan, int stage);

}  // namespace interlock::training
