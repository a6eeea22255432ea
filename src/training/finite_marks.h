#pragma once
// What was looked at on an accelerator in a batch (training.nonfinite), in the order of the program. Nobody
// waits for it before it is read, once: by then what was found has spread, and the first is the one that did it.

#include <optional>
#include <vector>

#include "training/batch_totals.h"
#include "training/nonfinite.h"

namespace interlock::training {

struct Watched {
  schedule::NonfiniteIn in;
  int micro_batch = 0;
  int stage = 0;
  int replica = 0;
  bool arrived = false;  // from a neighbouring stage: it is not this one's doing
};

class FiniteMarks {
 public:
  void clear() { marks_.clear(); }
  // A scalar of the tensor is kept, not the tensor. Integers are finite.
  void add(const Watched& what, const at::Tensor& value);

  struct Read {
    std::optional<Watched> first;  // of those that were added: the first that is not finite
    bool gradients_finite = true;  // perhaps not where too large for a float32's sum: look again
  };
  // The one time that the host waits. `gradients`: looked at as a whole; none: not at all. `totals` are read with
  // them.
  [[nodiscard]] Read read(const std::vector<at::Tensor>& gradients,
                          const std::vector<BatchTotals*>& totals) const;

 private:
  struct Mark {
    Watched what;
    at::Tensor sum;
  };
  std::vector<Mark> marks_;
};

// What can be said of it without computing the batch again. `stage`: the one where it was.
Finding finding_of(const Watched& what, const models::Stage& stage);

}  // namespace interlock::training
