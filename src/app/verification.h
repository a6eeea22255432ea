#pragma once
// The proof that a cut run is exact: the ranks and the oracle train the same batches from the same weights,
// then every tensor of every stage is compared. Used by `verify` and by the tests.

#include <array>
#include <string>
#include <vector>

#include "app/rank_session.h"
#include "schedule/protocol.h"

namespace interlock::app {

// How far apart ranks and oracle may be where they cannot be equal to the last bit.
struct Tolerance {
  double absolute = 0;  // of losses, weights and gradients
  // Or, of gradients: the norm of a tensor's difference as a part of its own. Between devices rounding now and then
  // puts an activation on the other side of ReLU's zero, which moves small gradients by far more than a rounding.
  double of_gradients_norm = 0;
};

struct StageDifference {
  double loss = 0;            // largest difference over the steps, where both have a loss
  double weights = 0;         // largest absolute difference, buffers included
  double gradients = 0;       // of the last step
  double gradient_ratio = 0;  // the largest, over its tensors, of Tolerance::of_gradients_norm's
  bool bitwise = true;        // every tensor and every loss equal to the last bit
  // No difference above it, and none that is not a number.
  [[nodiscard]] bool within(const Tolerance& tolerance) const {
    return loss <= tolerance.absolute && weights <= tolerance.absolute &&
           (gradients <= tolerance.absolute || gradient_ratio <= tolerance.of_gradients_norm);
  }
  std::string worst;  // the tensor that differs most, "" where none does
};

struct Verification {
  std::vector<StageDifference> stages;
  std::vector<std::array<std::int64_t, schedule::kActionKinds>>
      actions;  // carried out by each stage, all steps together
  int left_out =
      0;  // steps that were (training.nonfinite), on the oracle; where not on a stage too it differs
};

// What the ranks are compared with: the oracle that adds replicas' gradients in the ranks' order, which is
// equal to the last bit (but for synchronised batch norm, where it is the other), or one process that knows
// nothing of replicas, equal to rounding.
enum class Reference { kSameOrder, kOneProcess };

// Coordinator's side: has the workers train `steps` steps, trains the oracle on the same batches, compares.
// `source` must be open on the coordinator too. The workers run Worker::run() meanwhile and return from it.
// `oracle_device`: the oracle computes there; the coordinator has opened it.
Verification verify_as_coordinator(const training::RunPlan& plan, const data::DataSource& source,
                                   comm::ProgressEngine& engine, std::int64_t steps,
                                   Reference reference = Reference::kSameOrder,
                                   at::Device oracle_device = at::kCPU);

}  // namespace interlock::app
