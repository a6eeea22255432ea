#pragma once
// The optimizer of one stage: main net and head, stepped together, clipped apart.

#include <optional>

#include "models/stage.h"
#include "storage/safetensors.h"
#include "training/fused_step.h"
#include "training/loss_scaler.h"

namespace interlock::training {

// What a batch's update must know.
struct Update {
  double learning_rate = 0;
  double gradient_scale = 1;  // all gradients are multiplied by it first (Loss::correction)
  NetFlags skip{};            // LossScaler::agree
  // training.clip_scope global, with clip_norm: the sum of main_squares() of all stages, from stage 0 up.
  std::optional<double> squares{};
};

// Owns the optimizer state of one stage. Gradients are read from the parameters' .grad. Of one batch:
// clear_gradients(), the batch, [float16: unscale()], sums over replicas and of tied matrices,
// [global clipping: main_squares()], step().
class StageOptimizer {
 public:
  StageOptimizer(const models::Stage& stage, const config::Config& config);

  // Forgets the gradients of the previous step. Call before a batch; until then they can be looked at.
  void clear_gradients();

  // float16: divides the gradients of the main net and of the head by the scales that they carry, and says
  // which of the two had one that is not finite. A copy of a tied matrix counts with the net that it is in.
  // Replicas' gradients are summed before, so all find the same.
  NetFlags unscale(double main_scale, double head_scale);

  // The squared norm of the main net's gradient as it is about to be used, for clip_scope global: 0 where
  // `update` skips it. A tied matrix counts on one stage alone (counts_tied_matrix). The one time that the
  // host waits for an accelerator here.
  [[nodiscard]] double main_squares(const Update& update, bool with_tied_matrix);

  // Scales, clips (training.clip_norm: the norm over the main net, or over those of all stages; apart from it
  // over the head, so that a head's training never changes the main net's update; a tied matrix, which other
  // stages hold too, by itself, or with the main nets of all), then one step. After unscale() a tied matrix
  // takes its step if the sum of its copies' gradients is finite, whatever `skip` says: all stages that hold
  // one see the same sum and so do the same.
  void step(const Update& update);
  void step(double learning_rate, double gradient_scale = 1) { step({learning_rate, gradient_scale}); }

  // Makes the state of parameters that have none yet, as zeros: a run that has only left steps out so far
  // must have a checkpoint that can be read.
  void begin();

  // Optimizer state as named tensors, "optimizer.<parameter>.<slot>", for checkpoints.
  [[nodiscard]] models::NamedTensors state() const;

  // `file` also holds the parameters; those it does not have start with no state. Errors: DataError if the
  // state of one it has is missing or has another shape.
  void load_state(const storage::TensorFile& file, const std::string& path);

 private:
  enum class Net { kMain, kHead };
  struct Group {  // what is clipped together where clip_scope is stage
    Net net;
    bool tied;
    std::vector<std::size_t> members;  // of states_
  };
  void add_net(const models::LayerSequence& net, Net which);
  [[nodiscard]] std::vector<at::Tensor> gradients(const Group& group) const;
  [[nodiscard]] bool skips(const Group& group, const Update& update);
  [[nodiscard]] at::Tensor divisor(const Group& group, const Update& update) const;
  [[nodiscard]] bool tied_is_finite();

  config::OptimizerConfig config_;
  double clip_norm_;
  bool clips_globally_;
  std::vector<ParameterState> states_;  // main, then head
  std::vector<Group> groups_;           // main, head, then one for each copy of the tied matrix
  // float16: each looked for once a batch.
  bool unscaled_ = false;
  std::optional<bool> tied_is_finite_;
};

}  // namespace interlock::training
