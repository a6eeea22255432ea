#pragma once
// The grids of cases in which ranks must equal the oracle to the last bit, as parameters and rules of what goes together. No
// MPI and no tensors, so that support/covering_array_test.cpp can look for what a covering array of them misses.

#include <string>

#include "support/covering_array.h"

namespace interlock::test {

inline const std::vector<std::string>& network_names() {
  static const std::vector<std::string> names = {"mlp", "convnet", "resnet", "tied language model",
                                                 "untied language model"};
  return names;
}

inline Parameter horizons_up_to(int stages) {
  Parameter horizons{"N", {}};
  for (int n = 1; n <= stages; ++n) horizons.values.push_back(std::to_string(n));
  return horizons;
}

// What a horizon below K alone has another word for: zero_bubble is end-to-end training's.
enum GridPolicy { kAutoPolicy, kGpipePolicy, kOneForwardOneBackwardPolicy, kOwnPolicy };

struct OracleGrid {
  enum : std::size_t { kNetwork, kHorizon, kMicroBatches, kMix, kPolicy, kCap, kRecompute };

  static Parameters parameters(int stages) {
    return {{"network", network_names()},
            horizons_up_to(stages),
            {"M", {"1", "2", "3", "5"}},
            {"mix", {"farthest", "sum", "mean", "own weights", "farthest with all heads trained"}},
            {"policy", {"auto", "gpipe", "1f1b", "planned or zero_bubble"}},
            {"in_flight", {"any", "1"}},
            {"recompute", {"no", "yes"}}};
  }
  // GPipe keeps everything in flight.
  static bool allowed(const Values& values) { return values[kPolicy] != kGpipePolicy || values[kCap] == 0; }
};

// Placements of so many workers: replicas of each stage.
inline std::vector<std::vector<int>> placements(int workers) {
  switch (workers) {
    case 2:
      return {{2}};
    case 4:
      return {{4}, {2, 2}, {1, 3}, {3, 1}, {1, 2, 1}, {2, 1, 1}};
    case 6:
      return {{6}, {2, 4}, {4, 2}, {3, 3}, {2, 2, 2}, {1, 2, 3}, {3, 2, 1}, {1, 4, 1}};
    default:
      return {};
  }
}

struct ReplicaGrid {
  enum : std::size_t { kPlacement, kNetwork, kHorizon, kMicroBatches };

  explicit ReplicaGrid(int workers) : placed(placements(workers)) {}
  [[nodiscard]] Parameters parameters() const {
    Parameter placement{"replicas", {}};
    std::size_t stages = 1;
    for (const std::vector<int>& replicas : placed) {
      std::string text;
      for (const int number : replicas) text += (text.empty() ? "" : ",") + std::to_string(number);
      placement.values.push_back(text);
      stages = std::max(stages, replicas.size());
    }
    return {
        placement, {"network", network_names()}, horizons_up_to(static_cast<int>(stages)), {"M", {"1", "2"}}};
  }
  [[nodiscard]] bool allowed(const Values& values) const {
    return values[kHorizon] < static_cast<int>(placed[static_cast<std::size_t>(values[kPlacement])].size());
  }

  std::vector<std::vector<int>> placed;
};

// What computes or travels in fewer bits, or is agreed over all stages.
struct PrecisionGrid {
  enum : std::size_t { kNetwork, kHorizon, kWhat, kMix };

  // The last horizon stands for N = 1 with two replicas of each stage, of half as many.
  static Parameters parameters(int workers) {
    Parameter horizons = horizons_up_to(workers);
    if (workers % 2 == 0) horizons.values.push_back("1 with two replicas");
    return {{"network", network_names()},
            horizons,
            {"what",
             {"bfloat16 layers", "bfloat16 messages", "bfloat16 layers and messages",
              "float16 layers that overflow", "one norm", "one norm and float16"}},
            {"mix", {"farthest", "sum"}}};
  }
  static bool allowed(const Values&) { return true; }
};

}  // namespace interlock::test
