#pragma once
// Loss scaling for training.precision: float16, whose small gradients would vanish: a loss is multiplied by
// its scale before its backward, and what has been learnt from it is divided again before the update.
//
// Each loss has a scale of its own, because each reaches other stages: under horizon N loss l trains the main
// nets of stages l-N+1 .. l, and the head of stage l. All of them must take or skip a step of loss l
// together, so they agree on which losses overflowed (the caller carries the flags from one to the other) and
// then know the same scales without further messages.
//
// Of one batch, in this order (oracle and ranks alike):
//   1. stage l multiplies its own loss by own_scale(); gradients that come from above carry their loss's;
//   2. for_mixing() brings the gradients that are mixed to one scale, main_scale();
//   3. StageOptimizer::unscale(main_scale(), own_scale()) divides and looks for overflow; flags() names the
//      losses it may come from;
//   4. the caller ORs flags() of all stages that share a loss (overflow_peers) and hands them to agree().
// Scales are powers of two: multiplying by them rounds nothing.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "models/layer_sequence.h"
#include "storage/safetensors.h"
#include "training/run_plan.h"

namespace interlock::training {

// Something about a stage's two sets of weights, which learn from different losses.
struct NetFlags {
  bool main = false;
  bool head = false;
};

// One byte a loss, by its absolute number; not zero: it overflowed.
using LossFlags = std::vector<std::uint8_t>;

// The stages whose weights learn from `loss`, and the one that computes it; ascending.
std::vector<int> loss_sharers(const schedule::GradientRule& rule, int loss);

// The other stages that `stage` shares a loss with, ascending: all whose flags it must hear, and who must
// hear its own. Under horizon N none is further than N - 1 away, so agreeing makes no stage wait for the
// whole pipeline.
std::vector<int> overflow_peers(const schedule::GradientRule& rule, int stage);

class LossScaler {
 public:
  // Inactive unless training.precision is float16: all scales are 1 and nothing is ever found.
  LossScaler(const RunPlan& plan, int stage);

  [[nodiscard]] bool active() const { return active_; }
  // Losses whose scales this stage knows, ascending: those mixed into its main net, and its own.
  [[nodiscard]] std::vector<int> losses() const;
  [[nodiscard]] double scale(int loss) const;  // REQUIRES one of losses()
  [[nodiscard]] double own_scale() const;      // of the stage's own loss; 1 where it computes none
  [[nodiscard]] double main_scale() const;     // what the main net's gradients carry: the smallest mixed

  // delta(loss, k), carrying its loss's scale, brought to main_scale(). Itself where the two are the same.
  [[nodiscard]] at::Tensor for_mixing(const at::Tensor& delta, int loss) const;

  // The losses that may be to blame for what unscale() found on this stage.
  [[nodiscard]] LossFlags flags(NetFlags overflow) const;

  // Hears which losses overflowed anywhere: returns the nets of this stage that must skip the step, and sets
  // the scales of the next batch: half of it after overflow (not below 1), double after
  // training.loss_scale_window steps without (not above 2^32).
  NetFlags agree(const LossFlags& found);

  // The own loss's scale for checkpoints, "optimizer.loss_scale.<layer>.<slot>", by the number of the layer
  // that the loss follows: so another cut finds it if it cuts there too, and starts afresh if not.
  [[nodiscard]] models::NamedTensors state() const;
  // Reads the scales of all of losses() that `file` has. Errors: DataError for one that is no scale.
  void load_state(const storage::TensorFile& file, const std::string& path);

 private:
  struct Scale {
    double value = 1;
    std::int64_t good_steps = 0;  // since it last changed
    std::string name;
  };

  bool active_;
  int stage_;
  int stages_;
  bool has_own_;
  std::vector<int> mixed_;
  std::int64_t window_;
  std::map<int, Scale> scales_;  // by loss
};

}  // namespace interlock::training
