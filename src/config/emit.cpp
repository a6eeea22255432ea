// A config back to YAML: every key that has a meaning for the chosen kinds, so that nothing is left to a
// default. The network's sections are in emit_network.cpp.

#include "config/action_times.h"
#include "config/names.h"
#include "config/yaml_writer.h"

namespace interlock::config {
namespace {

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
  out.raw("wire_dtype", name_of(wire_types(), schedule.wire_dtype));
  out.number("bucket_mib", schedule.bucket_mib);
  out.raw("link",
          fmt::format("{{latency_us: {}, gigabytes_per_second: {}}}", format_double(schedule.latency_us),
                      format_double(schedule.gigabytes_per_second)));
}

void write_text_keys(Writer& out, const DataConfig& data) {
  out.raw("tokens", name_of(token_kinds(), data.tokens));
  out.raw("sequences", name_of(sequence_kinds(), data.sequences));
  out.whole("context", data.context);
  out.text("cache", data.cache);
  if (data.tokens == TokenKind::kBytes) return;
  if (data.vocabulary.empty()) {
    out.whole("vocabulary_size", data.vocabulary_size);
  } else {
    out.text("vocabulary", data.vocabulary);
  }
}

void write_folder_keys(Writer& out, const DataConfig& data) {
  out.whole("image_size", data.image_size);
  out.whole("resize", data.resize);
  out.raw("crop_area", doubles(data.crop_area));
  out.raw("crop_ratio", doubles(data.crop_ratio));
  out.whole("broken_limit", data.broken_limit);
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
  const bool text = data.kind == DataKind::kText;
  const bool tensors = data.kind == DataKind::kTensors;
  const bool folder = data.kind == DataKind::kImageFolder;
  if ((tensors || text) && !data.eval_path.empty()) out.text("eval_path", data.eval_path);
  if (data.holdout > 0) out.number("holdout", data.holdout);
  if (data.holdout > 0) out.whole("holdout_seed", data.holdout_seed);
  out.whole("threads", data.threads);
  out.whole("limit", data.limit);
  out.whole("eval_limit", data.eval_limit);
  out.flag("shuffle", data.shuffle);
  out.flag("drop_last", data.drop_last);
  if (text) write_text_keys(out, data);
  if (folder) write_folder_keys(out, data);
  if (text || tensors) return;
  if (!folder) {
    out.whole("downscale", data.downscale);
    out.whole("crop_padding", data.crop_padding);
  }
  out.flag("flip", data.flip);
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
  out.flag("decay_vectors", optimizer.decay_vectors);
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
  if (training.clip_norm > 0) out.raw("clip_scope", name_of(clip_scopes(), training.clip_scope));
  out.whole("seed", training.seed);
  out.whole("eval_every_epochs", training.eval_every_epochs);
  out.flag("recompute", training.recompute);
  out.raw("precision", name_of(precisions(), training.precision));
  if (training.precision == Precision::kFloat16) {
    out.number("loss_scale", training.loss_scale);
    out.whole("loss_scale_window", training.loss_scale_window);
  }
  out.flag("deterministic", training.deterministic);
  out.flag("tf32", training.tf32);
  out.raw("nonfinite", name_of(nonfinite_kinds(), training.nonfinite));
  out.whole("nonfinite_limit", training.nonfinite_limit);
}

void write_run(Writer& out, const RunConfig& run) {
  out.section("run");
  out.text("dir", run.dir);
  out.raw("device", name_of(device_kinds(), run.device));
  out.raw("transport", name_of(transport_kinds(), run.transport));
  out.raw("bind", name_of(bind_kinds(), run.bind));
  out.whole("threads", run.threads);
  out.whole("log_every", run.log_every);
  out.whole("keep_checkpoints", run.keep_checkpoints);
  out.flag("checkpoint", run.checkpoint);
  out.whole("checkpoint_every_steps", run.checkpoint_every_steps);
  out.flag("keep_best", run.keep_best);
  out.flag("tensorboard", run.tensorboard);
  out.number("watchdog_seconds", run.watchdog_seconds);
  out.number("setup_watchdog_seconds", run.setup_watchdog_seconds);
  out.number("checkpoint_watchdog_seconds", run.checkpoint_watchdog_seconds);
  if (run.simulated) out.raw("simulated", action_times(*run.simulated));
}

void write_profile(Writer& out, const ProfileConfig& profile) {
  out.section("profile");
  out.whole("wait", profile.wait);
  out.whole("warmup", profile.warmup);
  out.whole("active", profile.active);
  out.flag("operators", profile.operators);
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
  write_profile(out, config.profile);
  return out.result();
}

}  // namespace interlock::config
