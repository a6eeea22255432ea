#include "models/partition.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

namespace interlock::models {
namespace {

std::vector<int> equal_counts(int layers, int stages) {
  std::vector<int> counts;
  for (int stage = 0; stage < stages; ++stage)
    counts.push_back(layers / stages + (stage < layers % stages ? 1 : 0));
  return counts;
}

std::vector<int> counts_as_written(const config::Config& config, int layers) {
  std::vector<int> counts = config.partition.layers;
  const auto rest = std::find(counts.begin(), counts.end(), config::kRestOfLayers);
  const bool has_rest = rest != counts.end();
  const int named =
      std::accumulate(counts.begin(), counts.end(), has_rest ? 1 : 0);  // +1 undoes the marker's -1
  if (has_rest) *rest = layers - named;
  const int total = has_rest ? named + std::max(*rest, 0) : named;
  if ((has_rest && *rest < 1) || total != layers) {
    const std::string problem = has_rest ? fmt::format(
                                               "the counts take {} of the network's {} layers, which leaves "
                                               "the stage with 'rest' empty; lower one",
                                               named, layers)
                                         : fmt::format(
                                               "the counts add up to {}, but the network has {} layers; "
                                               "change a count, or write rest for one",
                                               named, layers);
    config::fail(config.where("partition.layers"), "partition.layers", problem);
  }
  return counts;
}

}  // namespace

std::vector<LayerRange> cut(const config::Config& config, int layers) {
  const int stages = config.partition.stages;
  if (stages > layers) {
    const bool by_count = config.partition.layers.empty();
    config::fail(
        config.where(by_count ? "partition.stages" : "partition.layers"), "partition.stages",
        fmt::format("{} stages, but the network has only {} layers: a stage would be empty; use {} or fewer",
                    stages, layers, layers));
  }
  const std::vector<int> counts =
      config.partition.layers.empty() ? equal_counts(layers, stages) : counts_as_written(config, layers);
  std::vector<LayerRange> ranges;
  int first = 0;
  for (const int count : counts) {
    ranges.push_back({first, count});
    first += count;
  }
  return ranges;
}

}  // namespace interlock::models
