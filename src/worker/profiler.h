#pragma once
// Times each action of stages and of single layers on this machine, with the code that a run uses.

#include "device/device.h"
#include "training/profile.h"

namespace interlock::worker {

struct ProfileOptions {
  int repeats = 10;  // medians of this many, after two that do not count
  bool layers = true;
  bool stages = true;
};

// On `device`. On the CPU stages are timed while the other cores compute, as in a run. Random inputs of the
// plan's micro-batch size. Every stage but the last is given the head of learning.head where it fits,
// whatever the horizon, so that one profile serves every horizon.
training::Profile measure_profile(const training::RunPlan& plan, const ProfileOptions& options,
                                  device::Device& device);

}  // namespace interlock::worker
