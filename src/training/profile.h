#pragma once
// What a profile says of a plan: the costs of its stages, whatever cut was measured.

#include <vector>

#include "schedule/costs.h"
#include "training/profile_file.h"
#include "training/run_plan.h"

namespace interlock::training {

ProfiledNetwork profiled_network(const RunPlan& plan);

// Costs of the plan's stages: as measured if the cut is the profile's, else put together from the layers;
// scaled to the plan's micro-batch size. Errors: UsageError where the profile is of another network, or of
// other heads than those that the plan uses.
std::vector<schedule::StageCosts> stage_costs(const Profile& profile, const RunPlan& plan);

// Costs of layers [first, first + count) as one stage.
schedule::StageCosts merge_layers(const Profile& profile, int first, int count);

}  // namespace interlock::training
