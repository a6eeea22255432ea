#include "worker/program_runner.h"

#include "schedule/messages.h"

namespace interlock::worker {

using schedule::Action;
using schedule::ActionKind;
using schedule::Message;

void ProgramRunner::forward(int m, const MicroBatchSource& source) {
  data::Batch batch;
  if (stage_ == 0) {
    batch = source(m);
  } else {
    StageLinks::Activation received = links_.receive_activation(m);
    batch = {received.activation, received.targets};
  }
  const at::Tensor output = executor_.forward(m, batch.inputs, batch.targets);
  if (!plan_.rule.is_last(stage_)) links_.send_activation(m, output, batch.targets);
}

void ProgramRunner::take_gradients(const Action& action) {
  for (const Message& message : schedule::messages_consumed(plan_.rule, stage_, action)) {
    if (!taken_.insert(message).second) continue;  // an earlier action already took it
    executor_.accept_gradient(message.micro_batch, message.loss,
                              links_.receive_gradient(message.micro_batch, message.loss));
  }
}

void ProgramRunner::run(const schedule::StageProgram& program,
                        const std::vector<std::int64_t>& micro_batch_sizes, double learning_rate,
                        const MicroBatchSource& source,
                        std::array<std::int64_t, schedule::kActionKinds>& actions) {
  links_.expect(schedule::receive_order(plan_.rule, stage_, program), micro_batch_sizes);
  taken_.clear();
  for (const Action& action : program) {
    const int m = action.micro_batch;
    if (action.kind != ActionKind::kForward) take_gradients(action);
    switch (action.kind) {
      case ActionKind::kForward:
        forward(m, source);
        break;
      case ActionKind::kLocalLoss:
        executor_.local_loss(m);
        break;
      case ActionKind::kInputGradient:
        links_.send_gradient(m, action.loss, executor_.input_gradient(m, action.loss));
        break;
      case ActionKind::kWeightGradient:
        executor_.weight_gradient(m);
        break;
      case ActionKind::kBackward:
        links_.send_gradient(m, action.loss, executor_.backward(m, action.loss));
        break;
      case ActionKind::kUpdate:
        executor_.update(learning_rate);
        break;
    }
    ++actions[static_cast<std::size_t>(action.kind)];
  }
}

}  // namespace interlock::worker
