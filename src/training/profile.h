#pragma once
// What `interlock profile` measures, as a file: times of each action, of the stages of one cut and of every
// layer by itself, so that other cuts can be planned without measuring again.

#include <optional>
#include <string>
#include <vector>

#include "schedule/costs.h"
#include "training/run_plan.h"

namespace interlock::training {

struct LayerProfile {
  schedule::StageCosts
      costs;              // of the layer as a stage of its own; seconds a micro-batch. costs.loss: its head's
  bool head_fits = true;  // can the head of learning.head follow this layer?
  std::int64_t parameters = 0;
};

struct Profile {
  std::int64_t micro_batch_size = 0;
  std::vector<int> cut;                      // layers a stage
  std::vector<schedule::StageCosts> stages;  // of that cut
  std::vector<LayerProfile> layers;
};

// JSON, times in milliseconds. Errors: IoError.
void write_profile(const std::string& path, const Profile& profile);

// Errors: UsageError where the file is missing, DataError where it is no profile or holds a negative time.
Profile read_profile(const std::string& path);

// Costs of the plan's stages: as measured if the cut is the profile's, else put together from the layers;
// scaled to the plan's micro-batch size. Errors: UsageError where the network has other layers.
std::vector<schedule::StageCosts> stage_costs(const Profile& profile, const RunPlan& plan);

// Costs of layers [first, first + count) as one stage.
schedule::StageCosts merge_layers(const Profile& profile, int first, int count);

}  // namespace interlock::training
