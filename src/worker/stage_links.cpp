#include "worker/stage_links.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <torch/types.h>

#include "common/clock.h"
#include "common/error.h"
#include "common/fault_point.h"
#include "models/layout.h"
#include "models/precision.h"
#include "schedule/program.h"

namespace interlock::worker {
namespace {

constexpr std::size_t kPostedAhead = 4;

void note_sent(trace::Recorder& recorder, trace::Message message, Rank to, int micro_batch, int loss = 0) {
  if (!recorder.on()) return;
  recorder.add_moment(record_of(trace::RecordKind::kSend, message, index(to), micro_batch, loss));
}

}  // namespace

using schedule::Message;
using schedule::MessageKind;

StageLinks::StageLinks(const training::RunPlan& plan, Place own, comm::TensorChannel& channel,
                       at::Device device, trace::Recorder& recorder)
    : plan_(plan),
      placement_(plan.config.partition.placement()),
      own_(own),
      device_(device),
      wire_type_(models::wire_type(plan.config)),
      boundary_type_(models::boundary_type(plan.config)),
      most_under_way_(static_cast<std::size_t>(
          1 + schedule::peak_in_flight(plan.schedule.at(static_cast<std::size_t>(own.stage))))),
      channel_(channel),
      recorder_(recorder) {}

std::int64_t StageLinks::own_samples(std::int64_t samples) const {
  return part_of(samples, own_.replica, placement_.replicas(own_.stage)).size();
}

void StageLinks::expect(const PreparedProgram& program, const std::vector<std::int64_t>& sizes) {
  for (const Message& message : channel_.ordered() ? program.arrivals : program.receives) {
    const std::int64_t samples = sizes.at(static_cast<std::size_t>(message.micro_batch));
    if (own_samples(samples) > 0) to_post_.push_back({message, samples, expected_batches_});
  }
  ++expected_batches_;
  post_ahead();
}

void StageLinks::post_ahead() {
  while (!to_post_.empty() && posted_.size() < kPostedAhead && !channel_.ordered()) {
    posted_.push_back(post(to_post_.front()));
    to_post_.pop_front();
  }
}

// Messages of one kind come from one stage, in this order; those of the other kind have an order of their
// own.
void StageLinks::post_up_to(const Message& message) {
  for (auto next = to_post_.begin(); next != to_post_.end();) {
    if (next->message.kind != message.kind) {
      ++next;
      continue;
    }
    const bool is_it = next->message == message;
    posted_.push_back(post(*next));
    next = to_post_.erase(next);
    if (is_it) return;
  }
}

at::Tensor StageLinks::buffer(const models::Shape& shape, std::int64_t samples, at::ScalarType type) {
  return buffers_.take(models::batched(shape, samples), type, device_);
}

// A buffer in the layout that the stage computes in, so that what arrives need not be moved again.
at::Tensor StageLinks::layout_buffer(const models::Shape& shape, std::int64_t samples) {
  const models::Shape full = models::batched(shape, samples);
  return models::from_contiguous(buffers_.take(models::contiguous_sizes(full), wire_type_, device_));
}

at::Tensor StageLinks::wire(const at::Tensor& tensor) const {
  return models::as_contiguous(models::in_compute_layout(tensor)).to(wire_type_);
}

StageLinks::Posted StageLinks::post(const Expected& expected) {
  Posted posted{expected.message, {}, {}, expected.samples};
  if (expected.message.kind == MessageKind::kActivation) {
    post_activation(expected, posted);
  } else {
    post_gradient(expected, posted);
  }
  return posted;
}

void StageLinks::post_activation(const Expected& expected, Posted& posted) {
  const models::StageBlueprint& blueprint = plan_.blueprint.stages.at(static_cast<std::size_t>(own_.stage));
  const int m = expected.message.micro_batch;
  const bool class_targets = plan_.config.training.loss == config::LossKind::kCrossEntropy;
  Arrival& arrival = posted.arrival;
  const std::int64_t samples = own_samples(expected.samples);
  arrival.data = layout_buffer(blueprint.input, samples);
  arrival.targets = buffer(plan_.data.target_shape, samples, class_targets ? torch::kLong : torch::kFloat);
  const at::Tensor data = models::as_contiguous(arrival.data);
  const auto take = [&](Place from, SampleRange rows) {
    const Rank below = placement_.rank_of(from);
    const comm::TransferGroup together(channel_);
    posted.transfers.push_back(channel_.receive(below, comm::Tag::activation(m, expected.batch),
                                                data.narrow(0, rows.begin, rows.size())));
    posted.transfers.push_back(channel_.receive(below, comm::Tag::targets(m, expected.batch),
                                                arrival.targets.narrow(0, rows.begin, rows.size())));
  };
  for_each_share(placement_, own_, own_.stage - 1, expected.samples, take);
}

void StageLinks::post_gradient(const Expected& expected, Posted& posted) {
  const models::StageBlueprint& blueprint = plan_.blueprint.stages.at(static_cast<std::size_t>(own_.stage));
  posted.arrival.data = layout_buffer(blueprint.output, own_samples(expected.samples));
  const comm::Tag tag =
      comm::Tag::gradient(expected.message.loss - own_.stage, expected.message.micro_batch, expected.batch);
  const at::Tensor data = models::as_contiguous(posted.arrival.data);
  for_each_share(placement_, own_, own_.stage + 1, expected.samples, [&](Place from, SampleRange rows) {
    posted.transfers.push_back(
        channel_.receive(placement_.rank_of(from), tag, data.narrow(0, rows.begin, rows.size())));
  });
}

StageLinks::Arrival StageLinks::receive(const Message& message) {
  const auto is_it = [&](const Posted& posted) { return posted.message == message; };
  auto found = std::find_if(posted_.begin(), posted_.end(), is_it);
  if (found == posted_.end() && channel_.ordered()) {
    post_up_to(message);
    found = std::find_if(posted_.begin(), posted_.end(), is_it);
  }
  INTERLOCK_CHECK(found != posted_.end(),
                  fmt::format("stage {}: a message of micro-batch {} was not expected now", own_.stage,
                              message.micro_batch));
  Posted posted = std::move(*found);
  posted_.erase(found);
  post_ahead();
  wait_for(posted);
  fault_point(message.kind == MessageKind::kActivation ? "activation_received" : "gradient_received");
  posted.arrival.data = posted.arrival.data.to(boundary_type_);
  return std::move(posted.arrival);
}

void StageLinks::wait(Transfers& transfers) {
  const double start = monotonic_seconds();
  for (comm::Transfer& transfer : transfers) transfer.wait();
  waited_seconds_ += monotonic_seconds() - start;
}

// A message of several parts, from as many replicas, is waited for as a whole.
void StageLinks::wait_for(Posted& posted) {
  if (!recorder_.on()) return wait(posted.transfers);
  const Message& message = posted.message;
  const bool activation = message.kind == MessageKind::kActivation;
  const trace::Message what = activation ? trace::Message::kActivation : trace::Message::kGradient;
  std::vector<int> senders;
  for_each_share(placement_, own_, own_.stage + (activation ? -1 : 1), posted.samples,
                 [&](Place from, SampleRange) { senders.push_back(index(placement_.rank_of(from))); });
  const auto record = [&](trace::RecordKind kind, int sender) {
    return trace::record_of(kind, what, sender, message.micro_batch, message.loss);
  };
  {
    const int only = senders.size() == 1 ? senders.front() : trace::kNoPeer;
    const trace::Span waiting(recorder_, record(trace::RecordKind::kWait, only));
    wait(posted.transfers);
  }
  for (const int sender : senders) recorder_.add_moment(record(trace::RecordKind::kArrival, sender));
}

void StageLinks::send_activation(int m, std::int64_t samples, const at::Tensor& activation,
                                 const at::Tensor& targets) {
  const auto has_left = [](const Transfers& transfers) {
    return std::all_of(transfers.begin(), transfers.end(),
                       [](const comm::Transfer& transfer) { return transfer.done(); });
  };
  while (!under_way_.empty() && (under_way_.size() >= most_under_way_ || has_left(under_way_.front()))) {
    const trace::Span waiting(recorder_, record_of(trace::RecordKind::kWait, trace::Message::kRoom));
    wait(under_way_.front());
    under_way_.pop_front();
  }
  if (fault_point("activation_send") == Fault::kDrop) return;
  const at::Tensor data = wire(activation);
  Transfers transfers;
  for_each_share(placement_, own_, own_.stage + 1, samples, [&](Place to, SampleRange rows) {
    const Rank above = placement_.rank_of(to);
    note_sent(recorder_, trace::Message::kActivation, above, m);
    const comm::TransferGroup together(channel_);
    transfers.push_back(
        channel_.send(above, comm::Tag::activation(m, batch_), data.narrow(0, rows.begin, rows.size())));
    channel_.send(above, comm::Tag::targets(m, batch_), targets.narrow(0, rows.begin, rows.size()));
  });
  under_way_.push_back(std::move(transfers));
  sent_bytes_ += static_cast<std::int64_t>(data.nbytes());
}

void StageLinks::send_gradient(int m, std::int64_t samples, int loss, const at::Tensor& gradient) {
  // At the receiver the gradient has travelled loss - (stage - 1) hops.
  const comm::Tag tag = comm::Tag::gradient(loss - (own_.stage - 1), m, batch_);
  if (fault_point("gradient_send") == Fault::kDrop) return;
  const at::Tensor data = wire(gradient);
  for_each_share(placement_, own_, own_.stage - 1, samples, [&](Place to, SampleRange rows) {
    note_sent(recorder_, trace::Message::kGradient, placement_.rank_of(to), m, loss);
    channel_.send(placement_.rank_of(to), tag, data.narrow(0, rows.begin, rows.size()));
  });
  sent_bytes_ += static_cast<std::int64_t>(data.nbytes());
  fault_point("gradient_sent");
}

double StageLinks::take_waited_seconds() {
  return std::exchange(waited_seconds_, 0);
}

std::int64_t StageLinks::take_sent_bytes() {
  return std::exchange(sent_bytes_, 0);
}

}  // namespace interlock::worker
