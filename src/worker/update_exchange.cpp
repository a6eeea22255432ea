#include "worker/update_exchange.h"

#include <algorithm>
#include <utility>

#include <torch/types.h>

#include "common/clock.h"

namespace interlock::worker {
namespace {

// What numbers are for, in tags: messages of different kinds may be under way at once.
enum Purpose : int { kCount, kNorm, kOverflow, kNonfinite };

std::vector<int> stages_from(int first, int last) {
  std::vector<int> stages;
  for (int stage = first; stage <= last; ++stage) stages.push_back(stage);
  return stages;
}

}  // namespace

UpdateExchange::UpdateExchange(const training::RunPlan& plan, Place own, comm::TensorChannel& host,
                               trace::Recorder& recorder)
    : plan_(plan),
      placement_(plan.config.partition.placement()),
      own_(own),
      host_(host),
      recorder_(recorder) {}

void UpdateExchange::send(Rank to, const Subject& subject, const at::Tensor& tensor) {
  if (recorder_.on())
    recorder_.add_moment(trace::record_of(trace::RecordKind::kSend, subject.name, index(to)));
  host_.send(to, subject.tag, tensor);
}

void UpdateExchange::receive(Rank from, const Subject& subject, const at::Tensor& buffer) {
  {
    const trace::Span waiting(recorder_,
                              trace::record_of(trace::RecordKind::kWait, subject.name, index(from)));
    const double start = monotonic_seconds();
    host_.receive(from, subject.tag, buffer).wait();
    waited_seconds_ += monotonic_seconds() - start;
  }
  if (recorder_.on())
    recorder_.add_moment(trace::record_of(trace::RecordKind::kArrival, subject.name, index(from)));
}

void UpdateExchange::send_to(int stage, const Subject& subject, const at::Tensor& own) {
  const int ours = placement_.replicas(own_.stage);
  for (int replica = 0; replica < placement_.replicas(stage); ++replica) {
    if (replica % ours == own_.replica) send(placement_.rank_of({stage, replica}), subject, own);
  }
}

at::Tensor UpdateExchange::receive_from(int stage, const Subject& subject, const at::Tensor& like) {
  at::Tensor buffer = torch::empty_like(like);
  receive(placement_.rank_of({stage, own_.replica % placement_.replicas(stage)}), subject, buffer);
  return buffer;
}

std::vector<at::Tensor> UpdateExchange::swap(const std::vector<int>& stages, const Subject& subject,
                                             const at::Tensor& own) {
  for (const int stage : stages) {
    if (stage != own_.stage) send_to(stage, subject, own);
  }
  std::vector<at::Tensor> all;
  for (const int stage : stages) {
    all.push_back(stage == own_.stage ? own : receive_from(stage, subject, own));
  }
  return all;
}

at::Tensor UpdateExchange::sum_tied_gradients(const at::Tensor& own) {
  std::vector<int> holders;
  for (const models::StageBlueprint& blueprint : plan_.blueprint.stages) {
    if (blueprint.tied_weights > 0) holders.push_back(blueprint.stage);
  }
  const Subject subject{comm::Tag::tied_gradient(), trace::Message::kTiedGradient};
  const at::Tensor here = own.cpu();
  if (own_.stage != holders.front()) {
    // The first holder's replicas each take it from one of ours, and each of ours takes one's sum.
    send_to(holders.front(), subject, here);
    return receive_from(holders.front(), subject, here).to(own.device());
  }
  at::Tensor sum = here;
  for (std::size_t i = 1; i < holders.size(); ++i) sum = sum + receive_from(holders[i], subject, here);
  for (std::size_t i = 1; i < holders.size(); ++i) send_to(holders[i], subject, sum);
  return sum.to(own.device());
}

std::int64_t UpdateExchange::sum_over_replicas(std::int64_t own) {
  const Subject subject{comm::Tag::numbers(kCount), trace::Message::kCount};
  const at::Tensor number = torch::full({1}, own, torch::kLong);
  const int replicas = placement_.replicas(own_.stage);
  const auto others = [&](const auto& use) {
    for (int replica = 0; replica < replicas; ++replica) {
      if (replica != own_.replica) use(placement_.rank_of({own_.stage, replica}));
    }
  };
  others([&](Rank rank) { send(rank, subject, number); });
  std::int64_t sum = own;  // whole numbers: any order gives the same
  others([&](Rank rank) {
    const at::Tensor theirs = torch::empty({1}, torch::kLong);
    receive(rank, subject, theirs);
    sum += theirs.item<std::int64_t>();
  });
  return sum;
}

double UpdateExchange::sum_over_stages(double own) {
  double sum = 0;
  const at::Tensor number = torch::full({1}, own, torch::kDouble);
  for (const at::Tensor& each : swap(stages_from(0, placement_.stages() - 1),
                                     {comm::Tag::numbers(kNorm), trace::Message::kNorm}, number)) {
    sum += each.item<double>();
  }
  return sum;
}

bool UpdateExchange::found_anywhere(bool here) {
  const bool in_stage = placement_.replicas(own_.stage) > 1 ? sum_over_replicas(here ? 1 : 0) > 0 : here;
  const at::Tensor own = torch::full({1}, in_stage ? 1 : 0, torch::kByte);
  bool found = false;
  for (const at::Tensor& theirs : swap(stages_from(0, placement_.stages() - 1),
                                       {comm::Tag::numbers(kNonfinite), trace::Message::kNonfinite}, own)) {
    found = found || theirs.item<std::uint8_t>() != 0;
  }
  return found;
}

void UpdateExchange::share_overflows(training::LossFlags& found) {
  // Stages with a loss in common are less than a horizon apart.
  const int distance = plan_.rule.horizon() - 1;
  const at::Tensor own = torch::zeros({static_cast<std::int64_t>(found.size())}, torch::kByte);
  std::copy(found.begin(), found.end(), own.data_ptr<std::uint8_t>());
  const std::vector<int> near = stages_from(std::max(0, own_.stage - distance),
                                            std::min(placement_.stages() - 1, own_.stage + distance));
  for (const at::Tensor& theirs :
       swap(near, {comm::Tag::numbers(kOverflow), trace::Message::kOverflow}, own)) {
    const std::uint8_t* const flags = theirs.const_data_ptr<std::uint8_t>();
    for (std::size_t loss = 0; loss < found.size(); ++loss) found[loss] = found[loss] || flags[loss] != 0;
  }
}

double UpdateExchange::take_waited_seconds() {
  return std::exchange(waited_seconds_, 0);
}

}  // namespace interlock::worker
