#pragma once
// Tensors to and from other ranks. A thin, typed layer over the progress engine: contiguous CPU tensors,
// shapes agreed beforehand by both sides (the engine refuses a message of another size).

#include <ATen/core/Tensor.h>

#include "comm/progress_engine.h"

namespace interlock::comm {

class TensorChannel {
 public:
  explicit TensorChannel(ProgressEngine& engine) : engine_(engine) {}

  // The tensor must not be written to until the transfer is done; it is kept alive until then.
  Transfer send(Rank to, Tag tag, const at::Tensor& tensor);

  // Fills `buffer`, which must not be touched before wait() has returned.
  Transfer receive(Rank from, Tag tag, const at::Tensor& buffer);

 private:
  ProgressEngine& engine_;
};

}  // namespace interlock::comm
