#include "worker/program_runner.h"

namespace interlock::worker {

using schedule::Action;
using schedule::ActionKind;
using schedule::Message;

void ProgramRunner::forward(const PreparedAction& prepared, const MicroBatchSource& source) {
  const int m = prepared.action.micro_batch;
  data::Batch batch;
  if (stage_ == 0) {
    batch = source(m);
  } else {
    StageLinks::Arrival arrival = links_.receive(prepared.takes.front());
    batch = {std::move(arrival.data), std::move(arrival.targets)};
  }
  const at::Tensor output = device_.forward(m, batch.inputs, batch.targets);
  if (!plan_.rule.is_last(stage_)) links_.send_activation(m, output, batch.targets);
}

void ProgramRunner::take_gradients(const PreparedAction& prepared) {
  for (const Message& message : prepared.takes) {
    device_.accept_gradient(message.micro_batch, message.loss, links_.receive(message).data);
  }
}

void ProgramRunner::input_gradients(const Action& action) {
  const int m = action.micro_batch;
  if (action.stacked == 1) {
    links_.send_gradient(m, action.loss, device_.input_gradient(m, action.loss));
    return;
  }
  int loss = action.loss;
  for (const at::Tensor& gradient : device_.stacked_input_gradients(m, action.loss, action.stacked)) {
    links_.send_gradient(m, loss++, gradient);
  }
}

void ProgramRunner::run(const PreparedProgram& program, double learning_rate, const MicroBatchSource& source,
                        std::array<std::int64_t, schedule::kActionKinds>& actions) {
  for (const PreparedAction& prepared : program.actions) {
    const Action& action = prepared.action;
    const int m = action.micro_batch;
    if (action.kind != ActionKind::kForward) take_gradients(prepared);
    switch (action.kind) {
      case ActionKind::kForward:
        forward(prepared, source);
        break;
      case ActionKind::kLocalLoss:
        device_.local_loss(m);
        break;
      case ActionKind::kInputGradient:
        input_gradients(action);
        break;
      case ActionKind::kWeightGradient:
        device_.weight_gradient(m);
        break;
      case ActionKind::kBackward:
        links_.send_gradient(m, action.loss, device_.backward(m, action.loss));
        break;
      case ActionKind::kUpdate:
        if (const at::Tensor own = device_.tied_gradient(); own.defined()) {
          device_.set_tied_gradient(links_.sum_tied_gradients(own));
        }
        device_.update(learning_rate);
        break;
    }
    actions[static_cast<std::size_t>(action.kind)] += action.stacked;
  }
}

}  // namespace interlock::worker
