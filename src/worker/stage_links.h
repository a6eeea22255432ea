#pragma once
// A worker's messages with the neighbouring stages, in the algorithm's terms: activations and targets go up,
// gradients down. Where stages have different numbers of replicas, each message goes to, or comes from, all
// replicas that hold samples of the same part.
//
// Owns:    the receives posted ahead and their buffers. Threads: the worker's main thread.
// Receives are posted in the order the programs will use them, kPostedAhead messages before they are needed
// and across batches, so that a neighbour's data finds its buffer waiting; where the channel keeps an order
// (comm/tensor_channel.h), only when they are needed, with all that their sender sends before them. A stage
// that is quicker than the next one is held back: it may have only so many activations under way, or they
// would pile up here. On the wire activations and gradients are of schedule.wire_dtype, and contiguous.

#include <deque>
#include <vector>

#include <c10/util/SmallVector.h>

#include "comm/tensor_channel.h"
#include "common/placement.h"
#include "schedule/messages.h"
#include "trace/recorder.h"
#include "training/run_plan.h"
#include "worker/buffer_pool.h"
#include "worker/prepared_program.h"

namespace interlock::worker {

class StageLinks {
 public:
  // `plan`, `channel` and `recorder` must outlive it.
  StageLinks(const training::RunPlan& plan, Place own, comm::TensorChannel& channel, at::Device device,
             trace::Recorder& recorder);

  // Declares the messages that a coming batch will receive, the program's; `sizes` are the samples of each
  // micro-batch, of all replicas together. Batches run in the order in which they are declared.
  void expect(const PreparedProgram& program, const std::vector<std::int64_t>& sizes);

  // The next of the declared batches: what is sent from now on belongs to it.
  void begin_batch() { ++batch_; }

  // Throws PeerError if the transport has failed and what arrived may be worthless.
  void check() { channel_.check(); }

  // `samples`: of the whole micro-batch, of which the tensors hold the own part. Blocks while too many
  // activations are still on their way.
  void send_activation(int m, std::int64_t samples, const at::Tensor& activation, const at::Tensor& targets);
  void send_gradient(int m, std::int64_t samples, int loss, const at::Tensor& gradient);

  struct Arrival {
    at::Tensor data;     // activation or gradient, in the layout and type that the stage computes in
    at::Tensor targets;  // activations only
  };
  // Blocks until the message is there. REQUIRES an expected message, each once.
  Arrival receive(const schedule::Message& message);

  // Time spent blocked since the last call, in seconds; bytes of activations and gradients sent since it.
  double take_waited_seconds();
  std::int64_t take_sent_bytes();

 private:
  using Transfers = c10::SmallVector<comm::Transfer, 2>;  // one for each replica at the other end
  struct Expected {
    schedule::Message message;
    std::int64_t samples = 0;
    std::int64_t batch = 0;
  };
  struct Posted {
    schedule::Message message;
    Arrival arrival;
    Transfers transfers;
    std::int64_t samples = 0;
  };
  void post_ahead();
  void post_up_to(const schedule::Message& message);
  Posted post(const Expected& expected);
  void post_activation(const Expected& expected, Posted& posted);
  void post_gradient(const Expected& expected, Posted& posted);
  at::Tensor buffer(const models::Shape& shape, std::int64_t samples, at::ScalarType type);
  at::Tensor layout_buffer(const models::Shape& shape, std::int64_t samples);
  [[nodiscard]] at::Tensor wire(const at::Tensor& tensor) const;
  [[nodiscard]] std::int64_t own_samples(std::int64_t samples) const;
  void wait(Transfers& transfers);
  void wait_for(Posted& posted);

  const training::RunPlan& plan_;
  const Placement placement_;
  const Place own_;
  const at::Device device_;
  const at::ScalarType wire_type_, boundary_type_;
  const std::size_t most_under_way_;  // activations
  comm::TensorChannel& channel_;
  trace::Recorder& recorder_;
  BufferPool buffers_;
  std::deque<Expected> to_post_;
  std::vector<Posted> posted_;  // a handful, in the order of use
  std::deque<Transfers> under_way_;
  std::int64_t expected_batches_ = 0;
  std::int64_t batch_ = -1;  // that runs, counted from the first one declared
  double waited_seconds_ = 0;
  std::int64_t sent_bytes_ = 0;
};

}  // namespace interlock::worker
