#pragma once
// Equality of everything in a Config but the places in the file.

#include <tuple>

#include "config/config.h"

namespace interlock::config {

inline bool operator==(const LayerArgument& a, const LayerArgument& b) {
  return a.name == b.name && a.value == b.value;  // the same alternative of the variant, too
}
inline bool operator==(const LayerSpec& a, const LayerSpec& b) {
  return a.kind == b.kind && a.arguments == b.arguments;
}

inline bool operator==(const ActionTimes& a, const ActionTimes& b) {
  return a.forward_ms == b.forward_ms && a.head_ms == b.head_ms &&
         a.input_gradient_ms == b.input_gradient_ms && a.weight_gradient_ms == b.weight_gradient_ms &&
         a.backward_ms == b.backward_ms && a.update_ms == b.update_ms;
}

inline auto fields(const ModelConfig& c) {
  return std::tie(c.kind, c.layers, c.channels, c.batch_norm, c.block, c.super_blocks, c.stem, c.blocks,
                  c.width, c.attention_heads, c.hidden, c.positions, c.tied, c.dropout, c.init,
                  c.new_classifier, c.freeze);
}
inline auto fields(const PartitionConfig& c) {
  return std::tie(c.stages, c.layers, c.balance_by_cost, c.replicas, c.sync_batch_norm);
}
inline auto fields(const LearningConfig& c) {
  return std::tie(c.horizon, c.mix, c.mix_weights, c.head, c.heads, c.train_all_heads);
}
inline auto fields(const ScheduleConfig& c) {
  return std::tie(c.micro_batches, c.policy, c.in_flight, c.stack_gradients, c.memory_cap_mib, c.file,
                  c.costs_file, c.costs, c.latency_us, c.gigabytes_per_second, c.wire_dtype, c.bucket_mib);
}
inline auto fields(const DataConfig& c) {
  return std::tie(c.kind, c.path, c.eval_path, c.limit, c.eval_limit, c.train_samples, c.eval_samples,
                  c.image_size, c.downscale, c.crop_padding, c.flip, c.shuffle, c.drop_last, c.mean,
                  c.deviation, c.holdout, c.holdout_seed, c.threads, c.tokens, c.sequences, c.context,
                  c.vocabulary, c.vocabulary_size, c.cache, c.resize, c.crop_area, c.crop_ratio,
                  c.broken_limit);
}
inline auto fields(const LearningRateConfig& c) {
  return std::tie(c.kind, c.milestones, c.gamma, c.warmup_steps, c.minimum);
}
inline auto fields(const OptimizerConfig& c) {
  return std::tie(c.kind, c.lr, c.momentum, c.nesterov, c.weight_decay, c.decay_vectors, c.beta1, c.beta2,
                  c.epsilon);
}
inline auto fields(const TrainingConfig& c) {
  return std::tie(c.batch_size, c.epochs, c.max_steps, c.loss, c.label_smoothing, c.clip_norm, c.seed,
                  c.eval_every_epochs, c.recompute, c.precision, c.loss_scale, c.loss_scale_window,
                  c.clip_scope, c.deterministic, c.tf32, c.nonfinite, c.nonfinite_limit);
}
inline auto fields(const RunConfig& c) {
  return std::tie(c.dir, c.device, c.threads, c.log_every, c.keep_checkpoints, c.checkpoint, c.simulated,
                  c.transport, c.bind, c.checkpoint_every_steps, c.keep_best, c.tensorboard,
                  c.watchdog_seconds, c.setup_watchdog_seconds, c.checkpoint_watchdog_seconds);
}
inline auto fields(const ProfileConfig& c) {
  return std::tie(c.wait, c.warmup, c.active, c.operators);
}

inline bool equal(const Config& a, const Config& b) {
  const auto same = [](const auto& x, const auto& y) { return fields(x) == fields(y); };
  return same(a.model, b.model) && same(a.partition, b.partition) && same(a.learning, b.learning) &&
         same(a.schedule, b.schedule) && same(a.data, b.data) && same(a.optimizer, b.optimizer) &&
         same(a.optimizer.schedule, b.optimizer.schedule) && same(a.training, b.training) &&
         same(a.run, b.run) && same(a.profile, b.profile);
}

}  // namespace interlock::config
