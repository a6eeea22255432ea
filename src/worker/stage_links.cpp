#include "worker/stage_links.h"

#include <fmt/format.h>
#include <torch/types.h>

#include "common/clock.h"
#include "common/error.h"

namespace interlock::worker {
namespace {

constexpr std::size_t kPostedAhead = 4;

}  // namespace

using schedule::Message;
using schedule::MessageKind;

StageLinks::StageLinks(const training::RunPlan& plan, int stage, comm::ProgressEngine& engine)
    : plan_(plan), stage_(stage), channel_(engine) {}

void StageLinks::expect(const std::vector<Message>& receives, const std::vector<std::int64_t>& sizes) {
  INTERLOCK_CHECK(to_post_.empty() && posted_.empty(), "messages of the previous batch are left over");
  to_post_.assign(receives.begin(), receives.end());
  sizes_ = sizes;
  while (!to_post_.empty() && posted_.size() < kPostedAhead) post_next();
}

at::Tensor StageLinks::buffer(const models::Shape& shape, std::int64_t samples, bool integer) const {
  models::Shape full = shape;
  full.insert(full.begin(), samples);
  return torch::empty(full, integer ? torch::kLong : torch::kFloat);
}

void StageLinks::post_next() {
  const Message message = to_post_.front();
  to_post_.pop_front();
  const models::StageBlueprint& blueprint = plan_.blueprint.stages.at(static_cast<std::size_t>(stage_));
  const std::int64_t samples = sizes_.at(static_cast<std::size_t>(message.micro_batch));
  Arrival arrival;
  if (message.kind == MessageKind::kActivation) {
    const Rank below = rank_of_stage(stage_ - 1);
    const bool class_targets = plan_.config.training.loss == config::LossKind::kCrossEntropy;
    arrival.data = buffer(blueprint.input, samples, false);
    arrival.targets = buffer(plan_.data.target_shape, samples, class_targets);
    arrival.data_transfer = channel_.receive(below, comm::Tag::activation(message.micro_batch), arrival.data);
    arrival.targets_transfer =
        channel_.receive(below, comm::Tag::targets(message.micro_batch), arrival.targets);
  } else {
    const Rank above = rank_of_stage(stage_ + 1);
    arrival.data = buffer(blueprint.output, samples, false);
    arrival.data_transfer = channel_.receive(
        above, comm::Tag::gradient(message.loss - stage_, message.micro_batch), arrival.data);
  }
  posted_.emplace(message, std::move(arrival));
}

StageLinks::Arrival StageLinks::take(const Message& message) {
  const auto found = posted_.find(message);
  INTERLOCK_CHECK(
      found != posted_.end(),
      fmt::format("stage {}: a message of micro-batch {} was not expected now", stage_, message.micro_batch));
  Arrival arrival = std::move(found->second);
  posted_.erase(found);
  if (!to_post_.empty()) post_next();
  const double start = monotonic_seconds();
  arrival.data_transfer.wait();
  if (arrival.targets_transfer.valid()) arrival.targets_transfer.wait();
  waited_seconds_ += monotonic_seconds() - start;
  return arrival;
}

void StageLinks::send_activation(int m, const at::Tensor& activation, const at::Tensor& targets) {
  const Rank above = rank_of_stage(stage_ + 1);
  channel_.send(above, comm::Tag::activation(m), activation.contiguous());
  channel_.send(above, comm::Tag::targets(m), targets);
}

void StageLinks::send_gradient(int m, int loss, const at::Tensor& gradient) {
  // At the receiver the gradient has travelled loss - (stage - 1) hops.
  channel_.send(rank_of_stage(stage_ - 1), comm::Tag::gradient(loss - (stage_ - 1), m),
                gradient.contiguous());
}

StageLinks::Activation StageLinks::receive_activation(int m) {
  Arrival arrival = take({MessageKind::kActivation, stage_, m, 0});
  return {arrival.data, arrival.targets};
}

at::Tensor StageLinks::receive_gradient(int m, int loss) {
  return take({MessageKind::kGradient, stage_, m, loss}).data;
}

double StageLinks::take_waited_seconds() {
  return std::exchange(waited_seconds_, 0);
}

}  // namespace interlock::worker
