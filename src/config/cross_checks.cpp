#include "config/cross_checks.h"

#include <fmt/format.h>

namespace interlock::config {
namespace {

std::string stages_in_words(const Config& config) {
  const int stages = config.partition.stages;
  return fmt::format("{} stage{} (partition: {})", stages, stages == 1 ? "" : "s",
                     config.where("partition.stages").text());
}

void check_horizon(const Config& config) {
  if (config.learning.horizon <= config.partition.stages) return;  // kHorizonAll is 0
  fail(config.where("learning.horizon"), "learning.horizon",
       fmt::format("is {}, but there {} only {}; wants 1 to {}, or all", config.learning.horizon,
                   config.partition.stages == 1 ? "is" : "are", stages_in_words(config),
                   config.partition.stages));
}

void check_mix(const Config& config) {
  const std::size_t weights = config.learning.mix_weights.size();
  const auto horizon = static_cast<std::size_t>(config.horizon());
  if (config.learning.mix != MixKind::kWeights || weights == horizon) return;
  fail(config.where("learning.mix"), "learning.mix",
       fmt::format(
           "has {} weight{}, but the horizon is {} ({}); wants one weight for each loss from a stage's own "
           "to the farthest",
           weights, weights == 1 ? "" : "s", horizon, config.where("learning.horizon").text()));
}

// The last stage has no head: its entry may be missing or empty.
void check_heads(const Config& config) {
  const std::vector<std::vector<LayerSpec>>& list = config.learning.heads;
  const std::size_t heads = list.empty() || !list.back().empty() ? list.size() : list.size() - 1;
  const auto wanted = static_cast<std::size_t>(config.partition.stages - 1);
  if (config.origins.count("learning.heads") == 0 || (heads == wanted || list.size() == wanted)) return;
  fail(config.where("learning.heads"), "learning.heads",
       fmt::format("has {} head{}, but there must be {} for {}: one for each stage but the last", heads,
                   heads == 1 ? "" : "s", wanted, stages_in_words(config)));
}

void check_micro_batches(const Config& config) {
  if (config.schedule.micro_batches <= config.training.batch_size) return;
  fail(config.where("schedule.micro_batches"), "schedule.micro_batches",
       fmt::format("is {}, more than training.batch_size, which is {} ({}); a micro-batch needs a sample",
                   config.schedule.micro_batches, config.training.batch_size,
                   config.where("training.batch_size").text()));
}

}  // namespace

void check_across_sections(const Config& config) {
  check_horizon(config);
  check_mix(config);
  check_heads(config);
  check_micro_batches(config);
}

}  // namespace interlock::config
