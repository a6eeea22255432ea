#pragma once
// A stage's messages with its neighbours, in the algorithm's terms: activations and targets go up, gradients
// down.
//
// Owns:    the receives posted ahead and their buffers. Threads: the worker's main thread.
// Receives are posted in the order the programs will use them, kPostedAhead messages before they are needed
// and across batches, so that a neighbour's data finds its buffer waiting. A stage that is quicker than the
// next one is held back: it may have only so many activations under way, or they would pile up here.

#include <deque>
#include <vector>

#include "comm/tensor_channel.h"
#include "schedule/messages.h"
#include "training/run_plan.h"
#include "worker/buffer_pool.h"

namespace interlock::worker {

class StageLinks {
 public:
  StageLinks(const training::RunPlan& plan, int stage, comm::ProgressEngine& engine);

  // Declares the messages that a coming batch will receive; `sizes` are the samples of each micro-batch.
  // Batches run in the order in which they are declared.
  void expect(const std::vector<schedule::Message>& receives, const std::vector<std::int64_t>& sizes);

  // Blocks while too many activations are still on their way.
  void send_activation(int m, const at::Tensor& activation, const at::Tensor& targets);
  void send_gradient(int m, int loss, const at::Tensor& gradient);

  // Collective of the stages that hold copies of the tied matrix: the sum of their gradients. The first of
  // them adds, from the lowest stage up, and sends the sum to the others.
  at::Tensor sum_tied_gradients(const at::Tensor& own);

  struct Arrival {
    at::Tensor data;     // activation or gradient
    at::Tensor targets;  // activations only
  };
  // Blocks until the message is there. REQUIRES an expected message, each once.
  Arrival receive(const schedule::Message& message);

  // Time spent blocked since the last call, in seconds.
  double take_waited_seconds();

 private:
  struct Expected {
    schedule::Message message;
    std::int64_t samples = 0;
  };
  struct Posted {
    schedule::Message message;
    Arrival arrival;
    comm::Transfer data;
    comm::Transfer targets;
  };
  void post_ahead();
  Posted post(const Expected& expected);
  at::Tensor buffer(const models::Shape& shape, std::int64_t samples, at::ScalarType type);
  at::Tensor layout_buffer(const models::Shape& shape, std::int64_t samples);
  void wait(comm::Transfer& transfer);

  const training::RunPlan& plan_;
  const int stage_;
  const std::size_t most_under_way_;  // activations
  comm::TensorChannel channel_;
  BufferPool buffers_;
  std::deque<Expected> to_post_;
  std::vector<Posted> posted_;  // a handful, in the order of use
  std::deque<comm::Transfer> under_way_;
  double waited_seconds_ = 0;
};

}  // namespace interlock::worker
