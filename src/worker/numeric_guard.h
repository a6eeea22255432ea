#pragma once
// Watches what a stage computes in a training batch for numbers that are none (training.nonfinite), and says
// before the update whether there were any, where the first was, and whether it arose here.
//
// On the CPU a tensor is looked at where it is made, before it is sent: the first stage to see a number that
// is none is the one that made it. On an accelerator sums are kept there and read once, before the update; by
// then it has spread. So what arrives is watched too where it matters, and a stage whose first came from a
// neighbour leaves the word to that neighbour.
//
// Owns:    copies of batch norm's running statistics, for `skip` and `rewind`; on accelerators a few scalars.
// Threads: the worker's main thread.

#include <optional>

#include "training/finite_marks.h"
#include "training/kept_buffers.h"
#include "training/nonfinite.h"
#include "training/nonfinite_search.h"

namespace interlock::worker {

class NumericGuard {
 public:
  // What is being looked at: something of a micro-batch.
  struct Value {
    schedule::NonfiniteIn in;
    int micro_batch;
    const at::Tensor& tensor;
  };

  // Both must outlive it.
  NumericGuard(const training::RunPlan& plan, const models::Stage& stage, int replica, bool on_accelerator);

  // Nothing is watched in batches that do not train, nor with training.nonfinite: ignore.
  void begin_batch(bool training, std::int64_t epoch, std::int64_t step, std::int64_t batch_samples);

  // From a neighbouring stage.
  void arrived(const Value& value) {
    if (watching_ && watches_arrivals_ && decided_ == Decided::kNothing) look(value, /*arrived=*/true);
  }
  // Made here; on stage 0 also the data. `search()` gives the training::Suspect, on the CPU only. Errors:
  // NonfiniteError under `stop`, on the CPU.
  template <class Search>
  void made(const Value& value, const Search& search) {
    if (!watching_ || decided_ != Decided::kNothing) return;
    if (look(value, /*arrived=*/false)) found(value, search());
  }

  // Before the update, gradients summed over replicas; on accelerators `totals` are read at the same time.
  // `gradients`: whether those of the weights are watched (not under loss scaling, which has its own answer to
  // overflow). Nothing where stages need not agree, else whether anything was found on this stage. Errors:
  // NonfiniteError under `stop`.
  std::optional<bool> finish(bool gradients, training::BatchTotals& totals);

  // What finish() found here; kNothing where it arose elsewhere.
  [[nodiscard]] const schedule::Nonfinite& finding() const { return finding_.what; }

  // Instead of the update: batch norm's statistics become what they were before the batch.
  void leave_out();

 private:
  enum class Decided { kNothing, kArrived, kHere };
  // On the CPU: is it to be searched? (made, and not finite)
  bool look(const Value& value, bool arrived);
  void found(const Value& value, const training::Suspect& suspect);
  void decide(training::Finding finding);
  void look_at_gradients();
  void read_marks(bool gradients, training::BatchTotals& totals);

  const training::RunPlan& plan_;
  const models::Stage& stage_;
  const config::NonfiniteKind kind_;
  const bool on_accelerator_;
  const bool watches_arrivals_;
  training::BatchPlace batch_;
  training::KeptBuffers buffers_;
  bool watching_ = false;
  Decided decided_ = Decided::kNothing;  // by the first that was seen in this batch
  bool doomed_ = false;                  // `stop`: a neighbour is to end the run
  training::Finding finding_;
  training::FiniteMarks marks_;
};

}  // namespace interlock::worker
