#include "worker/update_exchange.h"

#include <algorithm>
#include <utility>

#include <torch/types.h>

#include "common/clock.h"

namespace interlock::worker {
namespace {

// What numbers are for, in tags: messages of different kinds may be under way at once.
enum Purpose : int { kCount, kNorm, kOverflow };

std::vector<int> stages_from(int first, int last) {
  std::vector<int> stages;
  for (int stage = first; stage <= last; ++stage) stages.push_back(stage);
  return stages;
}

}  // namespace

UpdateExchange::UpdateExchange(const training::RunPlan& plan, Place own, comm::TensorChannel& host)
    : plan_(plan), placement_(plan.config.partition.placement()), own_(own), host_(host) {}

void UpdateExchange::send_to(int stage, comm::Tag tag, const at::Tensor& own) {
  const int ours = placement_.replicas(own_.stage);
  for (int replica = 0; replica < placement_.replicas(stage); ++replica) {
    if (replica % ours == own_.replica) host_.send(placement_.rank_of({stage, replica}), tag, own);
  }
}

at::Tensor UpdateExchange::receive_from(int stage, comm::Tag tag, const at::Tensor& like) {
  at::Tensor buffer = torch::empty_like(like);
  const double start = monotonic_seconds();
  host_.receive(placement_.rank_of({stage, own_.replica % placement_.replicas(stage)}), tag, buffer).wait();
  waited_seconds_ += monotonic_seconds() - start;
  return buffer;
}

std::vector<at::Tensor> UpdateExchange::swap(const std::vector<int>& stages, comm::Tag tag,
                                             const at::Tensor& own) {
  for (const int stage : stages) {
    if (stage != own_.stage) send_to(stage, tag, own);
  }
  std::vector<at::Tensor> all;
  for (const int stage : stages) {
    all.push_back(stage == own_.stage ? own : receive_from(stage, tag, own));
  }
  return all;
}

at::Tensor UpdateExchange::sum_tied_gradients(const at::Tensor& own) {
  std::vector<int> holders;
  for (const models::StageBlueprint& blueprint : plan_.blueprint.stages) {
    if (blueprint.tied_weights > 0) holders.push_back(blueprint.stage);
  }
  const comm::Tag tag = comm::Tag::tied_gradient();
  const at::Tensor here = own.cpu();
  if (own_.stage != holders.front()) {
    // The first holder's replicas each take it from one of ours, and each of ours takes one's sum.
    send_to(holders.front(), tag, here);
    return receive_from(holders.front(), tag, here).to(own.device());
  }
  at::Tensor sum = here;
  for (std::size_t i = 1; i < holders.size(); ++i) sum = sum + receive_from(holders[i], tag, here);
  for (std::size_t i = 1; i < holders.size(); ++i) send_to(holders[i], tag, sum);
  return sum.to(own.device());
}

std::int64_t UpdateExchange::sum_over_replicas(std::int64_t own) {
  const comm::Tag tag = comm::Tag::numbers(kCount);
  const at::Tensor number = torch::full({1}, own, torch::kLong);
  const int replicas = placement_.replicas(own_.stage);
  const auto others = [&](const auto& use) {
    for (int replica = 0; replica < replicas; ++replica) {
      if (replica != own_.replica) use(placement_.rank_of({own_.stage, replica}));
    }
  };
  others([&](Rank rank) { host_.send(rank, tag, number); });
  std::int64_t sum = own;  // whole numbers: any order gives the same
  others([&](Rank rank) {
    const at::Tensor theirs = torch::empty({1}, torch::kLong);
    const double start = monotonic_seconds();
    host_.receive(rank, tag, theirs).wait();
    waited_seconds_ += monotonic_seconds() - start;
    sum += theirs.item<std::int64_t>();
  });
  return sum;
}

double UpdateExchange::sum_over_stages(double own) {
  double sum = 0;
  const at::Tensor number = torch::full({1}, own, torch::kDouble);
  for (const at::Tensor& each :
       swap(stages_from(0, placement_.stages() - 1), comm::Tag::numbers(kNorm), number)) {
    sum += each.item<double>();
  }
  return sum;
}

void UpdateExchange::share_overflows(training::LossFlags& found) {
  // Stages with a loss in common are less than a horizon apart.
  const int distance = plan_.rule.horizon() - 1;
  const at::Tensor own = torch::zeros({static_cast<std::int64_t>(found.size())}, torch::kByte);
  std::copy(found.begin(), found.end(), own.data_ptr<std::uint8_t>());
  const std::vector<int> near = stages_from(std::max(0, own_.stage - distance),
                                            std::min(placement_.stages() - 1, own_.stage + distance));
  for (const at::Tensor& theirs : swap(near, comm::Tag::numbers(kOverflow), own)) {
    const std::uint8_t* const flags = theirs.const_data_ptr<std::uint8_t>();
    for (std::size_t loss = 0; loss < found.size(); ++loss) found[loss] = found[loss] || flags[loss] != 0;
  }
}

double UpdateExchange::take_waited_seconds() {
  return std::exchange(waited_seconds_, 0);
}

}  // namespace interlock::worker
