#pragma once
// Numbers that are none, NaN or infinite, in what training computes (training.nonfinite): how they are looked
// for, and the words for what was found. Who looks where: worker::NumericGuard on ranks, the oracle by
// itself.

#include <cstdint>
#include <string>
#include <vector>

#include "common/error.h"
#include "models/stage.h"
#include "schedule/protocol.h"
#include "training/run_plan.h"

namespace interlock::training {

// training.nonfinite: stop. Its exit code is that of a rank that failed.
class NonfiniteError : public Error {
 public:
  explicit NonfiniteError(const std::string& what) : Error(ExitCode::kPeerDied, what) {}
};

// Is every element a finite number? The sum tells, at the cost of reading x once: it is finite only if all
// elements are. Where it is not, finite elements may have been too large to add, and each is looked at.
// Integers are finite. Waits for an accelerator.
bool all_finite(const at::Tensor& x);

// The same put off: a scalar where x is that is finite only if all of x is, which nobody waits for here. On
// accelerators a float64, finite if all of x is; on the CPU finite elements may be too large for it.
at::Tensor finite_mark(const at::Tensor& x);
// As much of all gradients together in few kernels, but too large ones may pass for infinite: look again.
// REQUIRES one or more.
at::Tensor rough_mark(const std::vector<at::Tensor>& gradients);

// Rows, from 0, that hold an element that is none; [] for a scalar.
std::vector<std::int64_t> rows_not_finite(const at::Tensor& x);

// Gradients of the parameters that have one.
std::vector<at::Tensor> gradients_of(const models::Stage& stage);

// One thing that was found.
struct Finding {
  schedule::Nonfinite what{};
  std::string subject{};             // "the output of layers.3 (conv2d)"
  std::vector<std::int64_t> rows{};  // of the micro-batch, or of the replica's part of it; []: not known
};

// The batch in which it was found, and by whom.
struct BatchPlace {
  int stage = 0;
  int replica = 0;
  int replicas = 1;
  std::int64_t epoch = 0;  // from 0
  std::int64_t step = 0;
  std::int64_t samples = 0;  // of the batch
};

// "stage 1: the output of layers.3 (conv2d) has values that are NaN or infinite in step 12 (epoch 1),
// micro-batch 0, samples 4, 17 of the training data".
std::string describe(const Finding& finding, const RunPlan& plan, const BatchPlace& batch);
// What ends a run: the same, and what to do.
std::string describe_end(const Finding& finding, const RunPlan& plan, const BatchPlace& batch);

}  // namespace interlock::training
