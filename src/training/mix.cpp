#include "training/mix.h"

#include <torch/types.h>

namespace interlock::training {

at::Tensor mix_gradients(const schedule::GradientRule& rule, int stage,
                         const std::function<at::Tensor(int loss)>& delta) {
  at::Tensor mixed;
  for (const int loss : rule.losses_mixed(stage)) {
    const double weight = rule.mix_weight(loss, stage);
    const at::Tensor term = weight == 1 ? delta(loss) : delta(loss) * weight;
    mixed = mixed.defined() ? mixed + term : term;
  }
  return mixed;
}

}  // namespace interlock::training
