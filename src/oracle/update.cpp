// What follows the gradients of a batch: everything that stages and replicas of a run tell each other, which
// one process simply knows.

#include <limits>

#include <torch/types.h>

#include "oracle/oracle.h"
#include "schedule/learning_rate.h"
#include "training/gradient_clipping.h"
#include "training/tied_weights.h"

namespace interlock::oracle {

// Replicas learn from the sum of their gradients, added in their order; without a gradient one adds nothing.
void Oracle::sum_over_replicas() {
  const at::NoGradGuard no_grad;
  for (const auto& replicas : copies_) {
    if (replicas.size() == 1) continue;
    const models::NamedTensors first = replicas.front()->stage.state();
    for (std::size_t i = 0; i < first.size(); ++i) {
      if (!first[i].second.requires_grad()) continue;
      at::Tensor sum;
      for (const auto& replica : replicas) {
        const at::Tensor parameter = replica->stage.state()[i].second;
        const at::Tensor own = parameter.grad().defined() ? parameter.grad() : torch::zeros_like(parameter);
        sum = sum.defined() ? sum + own : own;
      }
      for (const auto& replica : replicas) replica->stage.state()[i].second.mutable_grad() = sum.clone();
    }
  }
}

// Copies of one matrix learn from the sum of their gradients (training/tied_weights.h).
void Oracle::sum_tied_gradients() {
  at::Tensor sum;
  for (const auto& replicas : copies_) {
    const at::Tensor own = training::tied_gradient(replicas.front()->stage);
    if (own.defined()) sum = sum.defined() ? sum + own : own;
  }
  if (!sum.defined()) return;
  for (const auto& replicas : copies_) {
    for (const auto& copy : replicas) training::set_tied_gradient(copy->stage, sum);
  }
}

// float16: a loss that overflowed on one stage teaches none of those that it reaches
// (training/loss_scaler.h).
void Oracle::agree_on_overflow() {
  if (!scaler(0).active()) return;
  training::LossFlags found(copies_.size());
  for (const auto& replicas : copies_) {
    for (const auto& copy : replicas) {
      const training::LossFlags here =
          copy->scaler.flags(copy->optimizer.unscale(copy->scaler.main_scale(), copy->scaler.own_scale()));
      for (std::size_t l = 0; l < found.size(); ++l) found[l] = found[l] || here[l];
    }
  }
  for (const auto& replicas : copies_) {
    for (const auto& copy : replicas) copy->skip = copy->scaler.agree(found);
  }
}

// Ends the sums over a batch; `correction` is Loss::correction().
BatchResult Oracle::take_sums(double correction, std::int64_t counted) {
  BatchResult result{{}, {}, counted};
  for (const auto& replicas : copies_) {
    double loss = 0;
    bool has_loss = false;
    std::int64_t correct = 0;
    for (const auto& copy : replicas) {
      const training::BatchSums& sums = copy->totals.read();
      loss += sums.loss * correction;
      has_loss |= sums.has_loss;
      correct += sums.correct;
      copy->totals.clear();
    }
    result.loss.push_back(has_loss ? loss : std::numeric_limits<double>::quiet_NaN());
    result.correct.push_back(correct);
  }
  return result;
}

void Oracle::update(std::int64_t step, double correction) {
  const double lr =
      schedule::learning_rate(plan_.config.optimizer, step, plan_.steps_per_epoch, plan_.total_steps);
  const bool clips_globally = training::clips_globally(plan_.config.training);
  double squares = 0;  // of the main nets of all stages
  for (int k = 0; k < plan_.rule.stages() && clips_globally; ++k) {
    Copy& stage = copy(k, 0);
    squares += stage.optimizer.main_squares({lr, correction, stage.skip, {}},
                                            training::counts_tied_matrix(plan_.blueprint, k));
  }
  for (const auto& replicas : copies_) {
    for (const auto& copy : replicas) {
      training::Update update{lr, correction, copy->skip, {}};
      if (clips_globally) update.squares = squares;
      copy->optimizer.step(update);
    }
  }
}

}  // namespace interlock::oracle
