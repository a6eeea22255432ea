#pragma once
// What a forward pass in training changes besides the activations, batch norm's running statistics and
// counters, as it was before a batch: for batches that are left out.

#include <vector>

#include "models/stage.h"

namespace interlock::training {

class KeptBuffers {
 public:
  explicit KeptBuffers(const models::Stage& stage);
  void keep();            // as of now
  void put_back() const;  // REQUIRES keep()

 private:
  std::vector<at::Tensor> buffers_;
  std::vector<at::Tensor> kept_;
};

}  // namespace interlock::training
