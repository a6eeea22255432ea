#pragma once
// `plan --compare`: what every horizon, number of micro-batches and policy would cost the same network, data
// and batch.

#include <string>
#include <vector>

#include "app/plan_figures.h"
#include "data/dataset.h"

namespace interlock::app {

struct ComparedPlan {
  int horizon = 1;
  int micro_batches = 1;
  std::string policy;
  double step_seconds = 0;
  double bubble = 0;
  int in_flight = 0;            // on the worst stage
  double activation_bytes = 0;  // on the worst stage
  double work_seconds = 0;      // of all stages, a step
  bool configured = false;      // what the config itself asks for
};

struct LeftOut {
  std::string reason;
  std::vector<std::string> combinations;
};

struct Comparison {
  std::vector<ComparedPlan> plans;  // the quickest first
  std::vector<LeftOut> left_out;
  std::string costs;  // where they come from
  TimeUnit unit;
};

// partition.balance: auto is left to the profile of schedule.costs, which gives every horizon its own cut;
// where there is none, call balance() first. Times given for the config's micro-batch are taken to shrink and
// grow with its size, except the optimizer step's. Errors: UsageError where the config's own schedule file is
// wrong, or where nothing fits.
Comparison compare_plans(const config::Config& config, const data::DatasetInfo& data);

// 1 .. stages; above 8 stages 1, 2, 3, 4, 6, 8, 12, 16, ... and all; always with the config's own.
std::vector<int> compared_horizons(int stages, int own);
// The config's own, and some whose micro-batches all stages' replicas can share.
std::vector<int> compared_micro_batches(int horizon, const config::Config& config);

void print_comparison(const Comparison& comparison, int stages);
std::string to_json(const Comparison& comparison);

}  // namespace interlock::app
