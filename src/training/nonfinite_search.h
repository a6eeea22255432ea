#pragma once
// Which layer it was: once a stage has given something that is not finite, it is run again layer by layer, on
// copies of its layers, so that nothing of the stage is touched. Slow, and done once for a batch that is
// lost.

#include <string>

#include "models/stage.h"

namespace interlock::training {

struct Suspect {
  int layer = -1;       // through the whole network; -1: in the head, or not known
  std::string subject;  // as Finding::subject
};

// The first main layer whose output is not finite for this input, which the stage gave such an output for.
Suspect search_activation(const models::Stage& stage, const at::Tensor& input,
                          models::ForwardContext context);

// The first layer of the head, or the loss itself; `output` is the main net's.
Suspect search_loss(const models::Stage& stage, const at::Tensor& output, models::ForwardContext context);

// The layer where the gradient of loss `loss` for the stage below first was none, on its way down from
// `delta`, the gradient of the stage's output.
Suspect search_sent_gradient(const models::Stage& stage, const at::Tensor& input, const at::Tensor& delta,
                             models::ForwardContext context, int loss);

// The parameter whose gradient is not finite: of those, the one nearest to the loss, from which gradients
// come; of the main net first. Layer -1 and a subject without a name where all are finite.
Suspect search_weight_gradient(const models::Stage& stage);

// Without looking at the batch again: the first parameter that is none, else nothing but the stage.
Suspect guess_activation(const models::Stage& stage);

}  // namespace interlock::training
