#pragma once
// What workers must know of each other before an update: the few numbers and the one matrix that are not a
// stage's own business. Each of these makes stages wait for each other, and is asked for only where the
// algorithm needs it.
//
// Threads: the worker's main thread. Collective: all workers concerned make the same calls in the same order.
// Where stages have different numbers of replicas, replica r learns from replica r mod R of the other stage:
// all of them know the same by then.

#include <cstdint>
#include <vector>

#include "comm/tensor_channel.h"
#include "common/placement.h"
#include "trace/recorder.h"
#include "training/loss_scaler.h"
#include "training/run_plan.h"

namespace interlock::worker {

class UpdateExchange {
 public:
  // `host` moves CPU tensors. All must outlive it.
  UpdateExchange(const training::RunPlan& plan, Place own, comm::TensorChannel& host,
                 trace::Recorder& recorder);

  // Of the stages that hold copies of the tied matrix: the sum of their gradients, on `own`'s device. The
  // first of them adds, from the lowest stage up, and sends the sum to the others.
  at::Tensor sum_tied_gradients(const at::Tensor& own);

  // Of the stage's replicas, added in their order.
  std::int64_t sum_over_replicas(std::int64_t own);

  // Of all stages, added in their order.
  double sum_over_stages(double own);

  // Did anyone find it, of all stages and their replicas?
  bool found_anywhere(bool here);

  // Which losses' gradients overflowed here becomes: or on any stage that the loss reaches.
  void share_overflows(training::LossFlags& found);

  // Time spent blocked since the last call, in seconds.
  double take_waited_seconds();

 private:
  // What is exchanged, for the other side and for the trace.
  struct Subject {
    comm::Tag tag;
    trace::Message name;
  };
  void send(Rank to, const Subject& subject, const at::Tensor& tensor);
  void receive(Rank from, const Subject& subject, const at::Tensor& buffer);
  // Sends `own` to the stage, and returns what the stage sent, of the same shape.
  void send_to(int stage, const Subject& subject, const at::Tensor& own);
  at::Tensor receive_from(int stage, const Subject& subject, const at::Tensor& like);
  // Everyone's version, in the order of `stages`, which contains the own one.
  std::vector<at::Tensor> swap(const std::vector<int>& stages, const Subject& subject, const at::Tensor& own);

  const training::RunPlan& plan_;
  const Placement placement_;
  const Place own_;
  comm::TensorChannel& host_;
  trace::Recorder& recorder_;
  double waited_seconds_ = 0;
};

}  // namespace interlock::worker
