// A config back to YAML: every key that has a meaning for the chosen kinds, so that nothing is left to a
// default.

#include <fmt/format.h>

#include "common/text.h"
#include "config/action_times.h"
#include "config/config.h"
#include "config/names.h"
#include "config/scalar.h"

namespace interlock::config {
namespace {

template <class Items, class Format>
std::string list_of(const Items& items, const Format& format) {
  std::vector<std::string> parts;
  for (const auto& item : items) parts.push_back(format(item));
  return "[" + join(parts, ", ") + "]";
}

std::string ints(const std::vector<std::int64_t>& values) {
  return list_of(values, [](std::int64_t value) { return fmt::format("{}", value); });
}

std::string doubles(const std::vector<double>& values) {
  return list_of(values, format_double);
}

std::string argument(const LayerArgument& argument) {
  struct Format {
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(std::int64_t value) const { return fmt::format("{}", value); }
    std::string operator()(double value) const { return format_double(value); }
    std::string operator()(const std::string& value) const { return format_text(value); }
  };
  return format_text(argument.name) + ": " + std::visit(Format{}, argument.value);
}

std::string layer(const LayerSpec& spec) {
  if (spec.arguments.empty()) return format_text(spec.kind);
  const std::string arguments = list_of(spec.arguments, argument);
  return format_text(spec.kind) + ": {" + arguments.substr(1, arguments.size() - 2) + "}";
}

std::string layer_in_list(const LayerSpec& spec) {
  return spec.arguments.empty() ? layer(spec) : "{" + layer(spec) + "}";
}

// Collects "section:" and "  key: value" lines.
class Writer {
 public:
  void section(const char* name) { text_ += fmt::format("{}:\n", name); }
  void raw(const char* key, const std::string& value) { text_ += fmt::format("  {}: {}\n", key, value); }
  void item(const std::string& value) { text_ += fmt::format("    - {}\n", value); }
  void list(const char* key) { text_ += fmt::format("  {}:\n", key); }
  void text(const char* key, const std::string& value) { raw(key, format_text(value)); }
  void flag(const char* key, bool value) { raw(key, value ? "true" : "false"); }
  void number(const char* key, double value) { raw(key, format_double(value)); }
  template <class Int>
  void whole(const char* key, Int value) {
    raw(key, fmt::format("{}", value));
  }
  [[nodiscard]] const std::string& result() const { return text_; }

 private:
  std::string text_;
};

void write_model(Writer& out, const ModelConfig& model) {
  out.section("model");
  out.raw("kind", name_of(model_kinds(), model.kind));
  if (model.kind == ModelKind::kSequential) {
    out.list("layers");
    for (const LayerSpec& spec : model.layers) out.item(layer(spec));
  }
  if (model.kind == ModelKind::kConvnet) {
    out.raw("channels", ints(model.channels));
    out.flag("batch_norm", model.batch_norm);
  }
  if (model.kind == ModelKind::kResnet) {
    out.raw("block", name_of(resnet_blocks(), model.block));
    out.text("super_blocks", model.super_blocks);
    out.raw("stem", name_of(resnet_stems(), model.stem));
  }
  out.text("init", model.init);
}

void write_partition(Writer& out, const PartitionConfig& partition) {
  out.section("partition");
  out.whole("stages", partition.stages);
  if (partition.layers.empty()) {
    out.raw("balance", name_of(balance_kinds(), partition.balance_by_cost));
    return;
  }
  out.raw("layers", list_of(partition.layers, [](int count) {
            return count == kRestOfLayers ? std::string("rest") : fmt::format("{}", count);
          }));
}

void write_learning(Writer& out, const LearningConfig& learning) {
  out.section("learning");
  out.raw("horizon", learning.horizon == kHorizonAll ? "all" : fmt::format("{}", learning.horizon));
  out.raw("mix", learning.mix == MixKind::kWeights ? doubles(learning.mix_weights)
                                                   : name_of(mix_kinds(), learning.mix));
  if (learning.heads.empty()) {
    out.text("head", learning.head);
  } else {
    out.list("heads");
    for (const auto& head : learning.heads) out.item(list_of(head, layer_in_list));
  }
  out.flag("train_all_heads", learning.train_all_heads);
}

// A list that only repeats its default stays out: thousands of stages must not outgrow what a config may
// hold.
std::string action_times(const ActionTimes& times) {
  std::vector<std::string> parts;
  for (const ActionTimeKey& action : action_time_keys()) {
    const std::vector<double>& values = times.*action.values;
    const bool one = values.size() == 1;
    const bool is_backward = action.values == &ActionTimes::backward_ms;
    if (is_backward && !one && values == times.weight_gradient_ms) continue;
    parts.push_back(fmt::format("{}: {}", action.name, one ? format_double(values[0]) : doubles(values)));
  }
  return "{" + join(parts, ", ") + "}";
}

void write_schedule(Writer& out, const ScheduleConfig& schedule) {
  out.section("schedule");
  out.whole("micro_batches", schedule.micro_batches);
  if (schedule.file.empty()) {
    out.raw("policy", name_of(policy_kinds(), schedule.policy));
  } else {
    out.text("file", schedule.file);
  }
  if (schedule.in_flight > 0) out.whole("in_flight", schedule.in_flight);
  if (schedule.stack_gradients) out.flag("stack_gradients", true);
  out.number("memory_cap_mib", schedule.memory_cap_mib);
  if (schedule.costs) {
    out.raw("costs", action_times(*schedule.costs));
  } else if (!schedule.costs_file.empty()) {
    out.text("costs", schedule.costs_file);
  }
  out.raw("link",
          fmt::format("{{latency_us: {}, gigabytes_per_second: {}}}", format_double(schedule.latency_us),
                      format_double(schedule.gigabytes_per_second)));
}

void write_data(Writer& out, const DataConfig& data) {
  out.section("data");
  out.raw("kind", name_of(data_kinds(), data.kind));
  if (data.kind == DataKind::kShapes) {
    out.whole("train_samples", data.train_samples);
    out.whole("eval_samples", data.eval_samples);
    out.whole("image_size", data.image_size);
  } else {
    out.text("path", data.path);
  }
  if (data.kind == DataKind::kTensors) out.text("eval_path", data.eval_path);
  out.whole("limit", data.limit);
  out.whole("eval_limit", data.eval_limit);
  out.whole("downscale", data.downscale);
  out.whole("crop_padding", data.crop_padding);
  out.flag("flip", data.flip);
  out.flag("shuffle", data.shuffle);
  out.flag("drop_last", data.drop_last);
  out.raw("mean", doubles(data.mean));
  out.raw("deviation", doubles(data.deviation));
}

std::string learning_rate(const LearningRateConfig& schedule) {
  std::string text = "{kind: " + name_of(learning_rate_kinds(), schedule.kind);
  if (schedule.kind == LearningRateKind::kMultistep) {
    text +=
        fmt::format(", milestones: {}, gamma: {}", ints(schedule.milestones), format_double(schedule.gamma));
  }
  if (schedule.kind == LearningRateKind::kCosine) text += ", minimum: " + format_double(schedule.minimum);
  return text + fmt::format(", warmup_steps: {}}}", schedule.warmup_steps);
}

void write_optimizer(Writer& out, const OptimizerConfig& optimizer) {
  out.section("optimizer");
  out.raw("kind", name_of(optimizer_kinds(), optimizer.kind));
  out.number("lr", optimizer.lr);
  if (optimizer.kind == OptimizerKind::kSgd) {
    out.number("momentum", optimizer.momentum);
    out.flag("nesterov", optimizer.nesterov);
  } else {
    out.raw("betas", doubles({optimizer.beta1, optimizer.beta2}));
    out.number("epsilon", optimizer.epsilon);
  }
  out.number("weight_decay", optimizer.weight_decay);
  out.raw("schedule", learning_rate(optimizer.schedule));
}

void write_training(Writer& out, const TrainingConfig& training) {
  out.section("training");
  out.whole("batch_size", training.batch_size);
  out.whole("epochs", training.epochs);
  out.whole("max_steps", training.max_steps);
  out.raw("loss", name_of(loss_kinds(), training.loss));
  if (training.loss == LossKind::kCrossEntropy) out.number("label_smoothing", training.label_smoothing);
  out.number("clip_norm", training.clip_norm);
  out.whole("seed", training.seed);
  out.whole("eval_every_epochs", training.eval_every_epochs);
  out.flag("recompute", training.recompute);
}

void write_run(Writer& out, const RunConfig& run) {
  out.section("run");
  out.text("dir", run.dir);
  out.raw("device", name_of(device_kinds(), run.device));
  out.whole("threads", run.threads);
  out.whole("log_every", run.log_every);
  out.whole("keep_checkpoints", run.keep_checkpoints);
  out.flag("checkpoint", run.checkpoint);
  if (run.simulated) out.raw("simulated", action_times(*run.simulated));
}

}  // namespace

std::string to_yaml(const Config& config) {
  Writer out;
  write_model(out, config.model);
  write_partition(out, config.partition);
  write_learning(out, config.learning);
  write_schedule(out, config.schedule);
  write_data(out, config.data);
  write_optimizer(out, config.optimizer);
  write_training(out, config.training);
  write_run(out, config.run);
  return out.result();
}

}  // namespace interlock::config
