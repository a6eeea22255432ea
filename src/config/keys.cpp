#include "config/keys.h"

#include <map>

#include "common/error.h"

namespace interlock::config {

const std::vector<std::string>& section_names() {
  static const std::vector<std::string> names = {"model", "partition", "learning", "schedule",
                                                 "data",  "optimizer", "training", "run"};
  return names;
}

const std::vector<std::string>& keys_of(const std::string& section) {
  static const std::map<std::string, std::vector<std::string>> keys = {
      {"", section_names()},
      {"model", {"kind", "layers", "channels", "batch_norm", "block", "super_blocks", "stem", "init"}},
      {"partition", {"stages", "layers"}},
      {"learning", {"horizon", "mix", "head", "heads", "train_all_heads"}},
      {"schedule", {"micro_batches"}},
      {"data",
       {"kind", "path", "eval_path", "limit", "eval_limit", "train_samples", "eval_samples", "image_size",
        "downscale", "crop_padding", "flip", "shuffle", "drop_last", "mean", "deviation"}},
      {"optimizer", {"kind", "lr", "momentum", "nesterov", "weight_decay", "betas", "epsilon", "schedule"}},
      {"optimizer.schedule", {"kind", "milestones", "gamma", "warmup_steps", "minimum"}},
      {"training",
       {"batch_size", "epochs", "max_steps", "loss", "label_smoothing", "clip_norm", "seed",
        "eval_every_epochs"}},
      {"run", {"dir", "device", "threads", "log_every", "keep_checkpoints", "checkpoint"}},
  };
  const auto found = keys.find(section);
  INTERLOCK_CHECK(found != keys.end(), "section " + section);
  return found->second;
}

std::string not_in_this_version(const std::string& full_key) {
  if (full_key == "run.simulated") {
    return "this version runs on the CPU and has no simulated devices; remove it";
  }
  if (full_key == "partition.balance") {
    return "this version does not balance stages by itself; give partition.stages or partition.layers";
  }
  return "";
}

}  // namespace interlock::config
