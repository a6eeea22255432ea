#pragma once
// A stage's messages with its neighbours, in the algorithm's terms: activations and targets go up, gradients
// down.
//
// Owns:    the receives posted ahead. Threads: the worker's main thread.
// Receives are posted in the order the program will use them, kPostedAhead messages before they are needed,
// so that a neighbour's data finds its buffer waiting.

#include <deque>
#include <map>
#include <vector>

#include "comm/tensor_channel.h"
#include "schedule/messages.h"
#include "training/run_plan.h"

namespace interlock::worker {

class StageLinks {
 public:
  StageLinks(const training::RunPlan& plan, int stage, comm::ProgressEngine& engine);

  // Declares the messages that the coming program will receive; `sizes` are the samples of each micro-batch.
  void expect(const std::vector<schedule::Message>& receives, const std::vector<std::int64_t>& sizes);

  void send_activation(int m, const at::Tensor& activation, const at::Tensor& targets);
  void send_gradient(int m, int loss, const at::Tensor& gradient);

  struct Activation {
    at::Tensor activation;
    at::Tensor targets;
  };
  // Blocks until the message is there.
  Activation receive_activation(int m);
  at::Tensor receive_gradient(int m, int loss);

  // Time spent blocked in receives since the last call, in seconds.
  double take_waited_seconds();

 private:
  struct Arrival {
    at::Tensor data;
    at::Tensor targets;  // activations only
    comm::Transfer data_transfer;
    comm::Transfer targets_transfer;
  };
  void post_next();
  Arrival take(const schedule::Message& message);
  at::Tensor buffer(const models::Shape& shape, std::int64_t samples, bool integer) const;

  const training::RunPlan& plan_;
  const int stage_;
  comm::TensorChannel channel_;
  std::deque<schedule::Message> to_post_;
  std::vector<std::int64_t> sizes_;
  std::map<schedule::Message, Arrival> posted_;
  double waited_seconds_ = 0;
};

}  // namespace interlock::worker
