#include "worker/stage_links.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <torch/types.h>

#include "common/clock.h"
#include "common/error.h"
#include "models/layout.h"
#include "schedule/program.h"

namespace interlock::worker {
namespace {

constexpr std::size_t kPostedAhead = 4;

at::Tensor wire(const at::Tensor& tensor) {
  return models::as_contiguous(models::in_compute_layout(tensor));
}

}  // namespace

using schedule::Message;
using schedule::MessageKind;

StageLinks::StageLinks(const training::RunPlan& plan, int stage, comm::ProgressEngine& engine)
    : plan_(plan),
      stage_(stage),
      most_under_way_(static_cast<std::size_t>(
          1 + schedule::peak_in_flight(plan.schedule.at(static_cast<std::size_t>(stage))))),
      channel_(engine) {}

void StageLinks::expect(const std::vector<Message>& receives, const std::vector<std::int64_t>& sizes) {
  for (const Message& message : receives) {
    to_post_.push_back({message, sizes.at(static_cast<std::size_t>(message.micro_batch))});
  }
  post_ahead();
}

void StageLinks::post_ahead() {
  while (!to_post_.empty() && posted_.size() < kPostedAhead) {
    posted_.push_back(post(to_post_.front()));
    to_post_.pop_front();
  }
}

at::Tensor StageLinks::buffer(const models::Shape& shape, std::int64_t samples, at::ScalarType type) {
  return buffers_.take(models::batched(shape, samples), type);
}

// A buffer in the layout that the stage computes in, so that what arrives need not be moved again.
at::Tensor StageLinks::layout_buffer(const models::Shape& shape, std::int64_t samples) {
  const models::Shape full = models::batched(shape, samples);
  return models::from_contiguous(buffers_.take(models::contiguous_sizes(full), torch::kFloat));
}

StageLinks::Posted StageLinks::post(const Expected& expected) {
  const models::StageBlueprint& blueprint = plan_.blueprint.stages.at(static_cast<std::size_t>(stage_));
  const Message& message = expected.message;
  Posted posted{message, {}, {}, {}};
  if (message.kind == MessageKind::kActivation) {
    const Rank below = rank_of_stage(stage_ - 1);
    const bool class_targets = plan_.config.training.loss == config::LossKind::kCrossEntropy;
    posted.arrival.data = layout_buffer(blueprint.input, expected.samples);
    posted.arrival.targets =
        buffer(plan_.data.target_shape, expected.samples, class_targets ? torch::kLong : torch::kFloat);
    posted.data = channel_.receive(below, comm::Tag::activation(message.micro_batch),
                                   models::as_contiguous(posted.arrival.data));
    posted.targets = channel_.receive(below, comm::Tag::targets(message.micro_batch), posted.arrival.targets);
  } else {
    const Rank above = rank_of_stage(stage_ + 1);
    posted.arrival.data = layout_buffer(blueprint.output, expected.samples);
    posted.data = channel_.receive(above, comm::Tag::gradient(message.loss - stage_, message.micro_batch),
                                   models::as_contiguous(posted.arrival.data));
  }
  return posted;
}

StageLinks::Arrival StageLinks::receive(const Message& message) {
  const auto found = std::find_if(posted_.begin(), posted_.end(),
                                  [&](const Posted& posted) { return posted.message == message; });
  INTERLOCK_CHECK(
      found != posted_.end(),
      fmt::format("stage {}: a message of micro-batch {} was not expected now", stage_, message.micro_batch));
  Posted posted = std::move(*found);
  posted_.erase(found);
  post_ahead();
  wait(posted.data);
  if (posted.targets.valid()) wait(posted.targets);
  return std::move(posted.arrival);
}

void StageLinks::wait(comm::Transfer& transfer) {
  const double start = monotonic_seconds();
  transfer.wait();
  waited_seconds_ += monotonic_seconds() - start;
}

void StageLinks::send_activation(int m, const at::Tensor& activation, const at::Tensor& targets) {
  while (!under_way_.empty() && (under_way_.size() >= most_under_way_ || under_way_.front().done())) {
    wait(under_way_.front());
    under_way_.pop_front();
  }
  const Rank above = rank_of_stage(stage_ + 1);
  under_way_.push_back(channel_.send(above, comm::Tag::activation(m), wire(activation)));
  channel_.send(above, comm::Tag::targets(m), targets);
}

void StageLinks::send_gradient(int m, int loss, const at::Tensor& gradient) {
  // At the receiver the gradient has travelled loss - (stage - 1) hops.
  channel_.send(rank_of_stage(stage_ - 1), comm::Tag::gradient(loss - (stage_ - 1), m), wire(gradient));
}

at::Tensor StageLinks::sum_tied_gradients(const at::Tensor& own) {
  std::vector<int> holders;
  for (const models::StageBlueprint& blueprint : plan_.blueprint.stages) {
    if (blueprint.tied_weights > 0) holders.push_back(blueprint.stage);
  }
  const comm::Tag tag = comm::Tag::tied_gradient();
  const auto receive_from = [&](int stage) {
    at::Tensor buffer = torch::empty_like(own);
    comm::Transfer transfer = channel_.receive(rank_of_stage(stage), tag, buffer);
    wait(transfer);
    return buffer;
  };
  if (stage_ != holders.front()) {
    channel_.send(rank_of_stage(holders.front()), tag, own);
    return receive_from(holders.front());
  }
  at::Tensor sum = own;
  for (std::size_t i = 1; i < holders.size(); ++i) sum = sum + receive_from(holders[i]);
  for (std::size_t i = 1; i < holders.size(); ++i) channel_.send(rank_of_stage(holders[i]), tag, sum);
  return sum;
}

double StageLinks::take_waited_seconds() {
  return std::exchange(waited_seconds_, 0);
}

}  // namespace interlock::worker
