#pragma once
// What `interlock profile` measures, as a file: times of each action, of the stages of one cut and of every
// layer by itself, so that other cuts can be planned without measuring again. No torch.

#include <cstdint>
#include <string>
#include <vector>

#include "schedule/costs.h"

namespace interlock::training {

struct LayerProfile {
  schedule::StageCosts
      costs;              // of the layer as a stage of its own; seconds a micro-batch. costs.loss: its head's
  bool head_fits = true;  // can the head of learning.head follow this layer?
  std::int64_t parameters = 0;
};

// What was measured, so that a profile of something else is not taken for it. Empty texts and no layers in
// one that was made by hand, or by a version that did not write them.
struct ProfiledNetwork {
  std::string input;                // the shape of a sample: "[3, 32, 32]"
  std::vector<std::string> layers;  // as a config has them
  std::string head;                 // learning.head
  std::string precision;            // training.precision
};

struct Profile {
  ProfiledNetwork network;
  std::int64_t micro_batch_size = 0;
  std::vector<int> cut;                      // layers a stage
  std::vector<schedule::StageCosts> stages;  // of that cut
  std::vector<LayerProfile> layers;
};

// JSON with a checksum of itself, times in milliseconds. Errors: IoError.
void write_profile(const std::string& path, const Profile& profile);

// One that was made by hand has no checksum. Errors: UsageError where the file is missing, DataError where it
// is damaged, no profile, or holds a number that is out of range.
Profile read_profile(const std::string& path);

}  // namespace interlock::training
