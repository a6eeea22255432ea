#include "app/balance.h"

#include <fmt/format.h>

#include "app/single_device.h"
#include "common/log.h"
#include "common/text.h"
#include "training/balance.h"
#include "worker/profiler.h"

namespace interlock::app {
namespace {

training::Profile layer_costs(const config::Config& config, const data::DatasetInfo& data) {
  if (!config.schedule.costs_file.empty()) return training::read_profile(config.schedule.costs_file);
  config::Config whole = config;  // one stage: any cut will do for measuring layers
  whole.partition = {};
  whole.learning.horizon = config::kHorizonAll;
  whole.learning.mix = config::MixKind::kFarthest;
  worker::ProfileOptions options;
  options.repeats = 5;
  options.stages = false;
  const std::unique_ptr<device::Device> device = open_single_device(config);
  training::Profile profile = worker::measure_profile(training::make_run_plan(whole, data), options, *device);
  device->release_kept_memory();  // the GPU is a worker's, and this process lives on as the coordinator
  return profile;
}

}  // namespace

void balance(config::Config& config, const data::DatasetInfo& data) {
  if (!config.partition.balance_by_cost) return;
  if (!config.learning.heads.empty()) {
    config::fail(
        config.where("learning.heads"), "learning.heads",
        "gives a head for each stage of a known cut, but partition.balance: auto chooses the cut; use "
        "learning.head, which fits itself to any");
  }
  const training::Profile profile = layer_costs(config, data);
  const schedule::GradientRule rule(config.partition.stages, config.learning);
  config.partition.layers = training::balanced_cut(profile, rule);
  config.partition.balance_by_cost = false;

  std::vector<std::string> counts, seconds;
  int first = 0;
  for (std::size_t k = 0; k < config.partition.layers.size(); ++k) {
    const int count = config.partition.layers[k];
    const double work = training::micro_batch_seconds(rule, static_cast<int>(k),
                                                      training::merge_layers(profile, first, count));
    counts.push_back(std::to_string(count));
    seconds.push_back(fmt::format("{:.2f}", 1000 * work));
    first += count;
  }
  log_info(fmt::format("balanced by measured cost: partition.layers: [{}], {} ms a micro-batch",
                       join(counts, ", "), join(seconds, " / ")));
}

}  // namespace interlock::app
