#include "config/keys.h"

#include <map>

#include "common/error.h"

namespace interlock::config {

const std::vector<std::string>& section_names() {
  static const std::vector<std::string> names = {"model",     "partition", "learning", "schedule", "data",
                                                 "optimizer", "training",  "run",      "profile"};
  return names;
}

const std::vector<std::string>& keys_of(const std::string& section) {
  static const std::vector<std::string> action_times = {
      "forward_ms", "head_ms", "input_gradient_ms", "weight_gradient_ms", "backward_ms", "update_ms"};
  static const std::map<std::string, std::vector<std::string>> keys = {
      {"", section_names()},
      {"model",
       {"kind", "layers", "channels", "batch_norm", "block", "super_blocks", "stem", "blocks", "width",
        "attention_heads", "hidden", "positions", "tied", "dropout", "init", "new_classifier", "freeze"}},
      {"partition", {"stages", "layers", "balance", "replicas", "sync_batch_norm"}},
      {"learning", {"horizon", "mix", "head", "heads", "train_all_heads"}},
      {"schedule",
       {"micro_batches", "policy", "in_flight", "stack_gradients", "memory_cap_mib", "file", "costs", "link",
        "wire_dtype", "bucket_mib"}},
      {"schedule.link", {"latency_us", "gigabytes_per_second"}},
      {"schedule.costs", action_times},
      {"data", {"kind",          "path",         "eval_path",       "limit",     "eval_limit",
                "train_samples", "eval_samples", "image_size",      "downscale", "crop_padding",
                "flip",          "shuffle",      "drop_last",       "mean",      "deviation",
                "holdout",       "holdout_seed", "threads",         "tokens",    "sequences",
                "context",       "vocabulary",   "vocabulary_size", "cache",     "resize",
                "crop_area",     "crop_ratio",   "broken_limit"}},
      {"optimizer",
       {"kind", "lr", "momentum", "nesterov", "weight_decay", "decay_vectors", "betas", "epsilon",
        "schedule"}},
      {"optimizer.schedule", {"kind", "milestones", "gamma", "warmup_steps", "minimum"}},
      {"training",
       {"batch_size", "epochs", "max_steps", "loss", "label_smoothing", "clip_norm", "seed",
        "eval_every_epochs", "recompute", "precision", "loss_scale", "loss_scale_window", "clip_scope",
        "deterministic", "tf32", "nonfinite", "nonfinite_limit"}},
      {"run",
       {"dir", "device", "threads", "log_every", "keep_checkpoints", "checkpoint", "simulated", "transport",
        "bind", "checkpoint_every_steps", "keep_best", "tensorboard", "watchdog_seconds",
        "setup_watchdog_seconds", "checkpoint_watchdog_seconds"}},
      {"run.simulated", action_times},
      {"profile", {"wait", "warmup", "active", "operators"}},
  };
  const auto found = keys.find(section);
  INTERLOCK_CHECK(found != keys.end(), "section " + section);
  return found->second;
}

}  // namespace interlock::config
