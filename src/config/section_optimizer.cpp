#include <fmt/format.h>

#include "config/sections.h"

namespace interlock::config {
namespace {

constexpr std::int64_t kInverseSqrtWarmup = 4000;

void check_milestones(const Section& section, const LearningRateConfig& schedule) {
  for (std::size_t i = 1; i < schedule.milestones.size(); ++i) {
    if (schedule.milestones[i] > schedule.milestones[i - 1]) continue;
    fail(section.where("milestones"), section.full("milestones"),
         fmt::format("wants ascending epochs, got {} after {}", schedule.milestones[i],
                     schedule.milestones[i - 1]));
  }
}

void read_schedule_keys(const Section& section, LearningRateConfig& schedule) {
  section.read("kind", schedule.kind, learning_rate_kinds());
  section.only_for("optimizer.schedule.kind: multistep", schedule.kind == LearningRateKind::kMultistep,
                   {"milestones", "gamma"});
  section.only_for("optimizer.schedule.kind: cosine", schedule.kind == LearningRateKind::kCosine,
                   {"minimum"});
  if (const YamlNode* milestones = section.find("milestones")) {
    schedule.milestones = read_ints(*milestones, section.full("milestones"), 1, kNoMaximum);
  }
  check_milestones(section, schedule);
  section.read("gamma", schedule.gamma, Interval{0, 1, false, true});
  const bool inverse_sqrt = schedule.kind == LearningRateKind::kInverseSqrt;
  if (inverse_sqrt) schedule.warmup_steps = kInverseSqrtWarmup;
  section.read("warmup_steps", schedule.warmup_steps, inverse_sqrt ? 1 : 0);
  section.read("minimum", schedule.minimum, kNotNegative);
}

LearningRateConfig read_learning_rate(const YamlNode& node, const std::string& key, Origins& origins) {
  LearningRateConfig schedule;
  if (node.kind == YamlNode::Kind::kList) fail_type(node, key, "a name such as cosine, or a map of keys");
  if (node.kind == YamlNode::Kind::kScalar) {
    schedule.kind = learning_rate_kinds()[read_choice(node, key, names_only(learning_rate_kinds()))].second;
    if (schedule.kind == LearningRateKind::kInverseSqrt) schedule.warmup_steps = kInverseSqrtWarmup;
  } else {
    read_schedule_keys(Section(&node, key, origins), schedule);
  }
  if (schedule.kind == LearningRateKind::kMultistep && schedule.milestones.empty()) {
    fail(node.where, key + ".milestones",
         "missing; multistep needs the epochs, as {kind: multistep, milestones: [91, 136]}");
  }
  return schedule;
}

double default_rate(OptimizerKind kind) {
  return kind == OptimizerKind::kSgd ? 0.1 : 0.001;
}

}  // namespace

OptimizerConfig read_optimizer(const Section& section, Origins& origins) {
  OptimizerConfig optimizer;
  section.read("kind", optimizer.kind, optimizer_kinds());
  const bool sgd = optimizer.kind == OptimizerKind::kSgd;
  section.only_for("optimizer.kind: sgd", sgd, {"momentum", "nesterov"});
  section.only_for("optimizer.kind: adam or adamw", !sgd, {"betas", "epsilon"});

  optimizer.lr = default_rate(optimizer.kind);
  section.read("lr", optimizer.lr, kPositive);
  section.read("momentum", optimizer.momentum, kZeroToBelowOne);
  section.read("nesterov", optimizer.nesterov);
  if (optimizer.nesterov && optimizer.momentum == 0) {
    fail(section.where("nesterov"), section.full("nesterov"), "needs optimizer.momentum above 0");
  }
  optimizer.weight_decay = optimizer.kind == OptimizerKind::kAdamW ? 0.01 : 0;
  section.read("weight_decay", optimizer.weight_decay, kNotNegative);
  section.read("decay_vectors", optimizer.decay_vectors);
  std::vector<double> betas = {optimizer.beta1, optimizer.beta2};
  section.read("betas", betas, kZeroToBelowOne);
  if (betas.size() != 2) {
    fail(section.where("betas"), section.full("betas"),
         fmt::format("wants two numbers, got {}", betas.size()));
  }
  optimizer.beta1 = betas[0];
  optimizer.beta2 = betas[1];
  section.read("epsilon", optimizer.epsilon, kPositive);
  if (const YamlNode* schedule = section.find("schedule")) {
    optimizer.schedule = read_learning_rate(*schedule, section.full("schedule"), origins);
  }
  if (optimizer.schedule.minimum > optimizer.lr) {
    const auto minimum = origins.find("optimizer.schedule.minimum");
    fail(minimum->second, minimum->first,
         fmt::format("is {}, above optimizer.lr, which is {}", optimizer.schedule.minimum, optimizer.lr));
  }
  return optimizer;
}

}  // namespace interlock::config
