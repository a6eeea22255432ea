#pragma once
// Tensors in host memory, over MPI: a thin layer over the progress engine. Tags find their receives. No
// allocation for messages once the first have passed.

#include "comm/progress_engine.h"
#include "comm/tensor_channel.h"

namespace interlock::comm {

class MpiChannel : public TensorChannel {
 public:
  explicit MpiChannel(ProgressEngine& engine) : engine_(engine) {}

  Transfer send(Rank to, Tag tag, const at::Tensor& tensor) override;
  Transfer receive(Rank from, Tag tag, const at::Tensor& buffer) override;

 private:
  ProgressEngine& engine_;
};

}  // namespace interlock::comm
