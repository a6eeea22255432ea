// The two short sections: training and run.

#include "config/action_times.h"
#include "config/sections.h"

namespace interlock::config {
namespace {

constexpr std::int64_t kMaxBatch = 1'000'000;
constexpr std::int64_t kMaxEpochs = 1'000'000;
constexpr int kMaxCheckpoints = 1'000'000;
constexpr std::int64_t kMostProfiled = 1000;  // steps: a trace is held in memory and read by a browser
constexpr double kLargestScale = 4294967296;  // 2^32

}  // namespace

TrainingConfig read_training(const Section& section) {
  TrainingConfig training;
  section.read("batch_size", training.batch_size, 1, kMaxBatch);
  section.read("epochs", training.epochs, 1, kMaxEpochs);
  section.read("max_steps", training.max_steps, 0);
  section.read("loss", training.loss, loss_kinds());
  section.only_for("training.loss: cross_entropy", training.loss == LossKind::kCrossEntropy,
                   {"label_smoothing"});
  section.read("label_smoothing", training.label_smoothing, kZeroToBelowOne);
  section.read("clip_norm", training.clip_norm, kNotNegative);
  section.read("seed", training.seed);
  section.read("eval_every_epochs", training.eval_every_epochs, 0);
  section.only_for("a training.clip_norm above 0", training.clip_norm > 0, {"clip_scope"});
  section.read("clip_scope", training.clip_scope, clip_scopes());
  section.read("recompute", training.recompute);
  section.read("precision", training.precision, precisions());
  section.only_for("training.precision: float16", training.precision == Precision::kFloat16,
                   {"loss_scale", "loss_scale_window"});
  section.read("loss_scale", training.loss_scale, Interval{1, kLargestScale});
  section.read("loss_scale_window", training.loss_scale_window, 1);
  section.read("deterministic", training.deterministic);
  section.read("tf32", training.tf32);
  section.read("nonfinite", training.nonfinite, nonfinite_kinds());
  section.read("nonfinite_limit", training.nonfinite_limit, 1);
  return training;
}

RunConfig read_run(const Section& section, Origins& origins) {
  RunConfig run;
  section.read("dir", run.dir);
  section.read("device", run.device, device_kinds());
  section.read("transport", run.transport, transport_kinds());
  const bool may_be_cuda = run.device == DeviceKind::kCuda || run.device == DeviceKind::kAuto;
  if (run.transport != TransportKind::kAuto && !may_be_cuda) {
    fail(section.where("transport"), section.full("transport"),
         "is " + name_of(transport_kinds(), run.transport) +
             ", which moves tensors of GPUs, but run.device is " + name_of(device_kinds(), run.device) +
             "; remove it, or set run.device: cuda");
  }
  section.read("bind", run.bind, bind_kinds());
  section.read("threads", run.threads, 1, 256);
  section.read("log_every", run.log_every, 0);
  section.read("keep_checkpoints", run.keep_checkpoints, 0, kMaxCheckpoints);
  section.read("checkpoint", run.checkpoint);
  section.read("checkpoint_every_steps", run.checkpoint_every_steps, 0);
  section.read("keep_best", run.keep_best);
  section.read("tensorboard", run.tensorboard);
  section.read("watchdog_seconds", run.watchdog_seconds, kNotNegative);
  section.read("setup_watchdog_seconds", run.setup_watchdog_seconds, kNotNegative);
  section.read("checkpoint_watchdog_seconds", run.checkpoint_watchdog_seconds, kNotNegative);
  if (const YamlNode* times = section.find("simulated")) {
    run.simulated = read_action_times(*times, section.full("simulated"), origins);
  }
  if (run.device == DeviceKind::kSimulated && !run.simulated) {
    fail(section.where("device"), section.full("simulated"),
         "missing; run.device: simulated needs the milliseconds of each action, as {forward_ms: 20, "
         "head_ms: 4, input_gradient_ms: 20, weight_gradient_ms: 40}");
  }
  return run;
}

ProfileConfig read_profile(const Section& section) {
  ProfileConfig profile;
  section.read("wait", profile.wait, 0);
  section.read("warmup", profile.warmup, 0);
  section.read("active", profile.active, 0, kMostProfiled);
  section.read("operators", profile.operators);
  return profile;
}

}  // namespace interlock::config
