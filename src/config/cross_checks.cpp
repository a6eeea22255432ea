#include "config/cross_checks.h"

#include <fmt/format.h>

#include "config/action_times.h"

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

void check_replicas(const Config& config) {
  const std::vector<int>& replicas = config.partition.replicas;
  const Location where = config.where("partition.replicas");
  const int stages = config.partition.stages;
  if (replicas.size() > 1 && replicas.size() != static_cast<std::size_t>(stages)) {
    fail(where, "partition.replicas",
         fmt::format("has {} entries, but there {} {}; wants one number for all stages, or {}",
                     replicas.size(), stages == 1 ? "is" : "are", stages_in_words(config), stages));
  }
  const std::int64_t micro_batches = config.schedule.micro_batches;
  const std::int64_t samples = (config.training.batch_size + micro_batches - 1) / micro_batches;
  for (std::size_t k = 0; k < replicas.size(); ++k) {
    if (samples % replicas[k] == 0) continue;
    fail(where, "partition.replicas",
         fmt::format("{} replicas{} cannot share a micro-batch of {} samples (training.batch_size {} / "
                     "schedule.micro_batches {}) evenly; choose a number of replicas that divides {}, or "
                     "another batch size",
                     replicas[k], replicas.size() > 1 ? fmt::format(" of stage {}", k) : "", samples,
                     config.training.batch_size, micro_batches, samples));
  }
}

void check_policy(const Config& config) {
  const PolicyKind policy = config.schedule.policy;
  const bool bounded = config.horizon() < config.partition.stages;
  const bool fits = policy == PolicyKind::kZeroBubble ? !bounded : policy != PolicyKind::kPlanned || bounded;
  if (fits) return;
  fail(config.where("schedule.policy"), "schedule.policy",
       fmt::format(
           "{} is for {}, but the horizon is {} ({}) and there {} {}; use auto, which fits any horizon",
           bounded ? "zero_bubble" : "planned",
           bounded ? "end-to-end training" : "horizons below the number of stages", config.horizon(),
           config.where("learning.horizon").text(), config.partition.stages == 1 ? "is" : "are",
           stages_in_words(config)));
}

void check_action_times(const Config& config, const std::optional<ActionTimes>& times,
                        const std::string& key) {
  if (!times) return;
  const auto stages = static_cast<std::size_t>(config.partition.stages);
  for (const ActionTimeKey& action : action_time_keys()) {
    const std::size_t entries = (*times.*action.values).size();
    if (entries == 1 || entries == stages) continue;
    // A default is a copy of a key that was checked before it, so the place is always the list's own.
    const std::string name = key + "." + action.name;
    fail(config.where(name), name,
         fmt::format("has {} entries, but there {} {}; wants one number for all stages, or {}", entries,
                     stages == 1 ? "is" : "are", stages_in_words(config),
                     stages == 1 ? "a list of 1" : fmt::format("a list of {}, one a stage", stages)));
  }
}

}  // namespace

void check_across_sections(const Config& config) {
  check_horizon(config);
  check_mix(config);
  check_heads(config);
  check_micro_batches(config);
  check_replicas(config);
  check_policy(config);
  check_action_times(config, config.schedule.costs, "schedule.costs");
  check_action_times(config, config.run.simulated, "run.simulated");
}

}  // namespace interlock::config
