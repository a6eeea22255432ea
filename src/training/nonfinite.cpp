#include "training/nonfinite.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>
#include <torch/types.h>

#include "common/placement.h"
#include "data/sampler.h"

namespace interlock::training {
namespace {

using schedule::NonfiniteIn;

constexpr std::size_t kSamplesNamed = 32;

// The numbers of the micro-batch's samples, or those of the rows that are known, in the training data.
std::vector<std::int64_t> sample_numbers(const Finding& finding, const RunPlan& plan,
                                         const BatchPlace& batch) {
  const std::int64_t first =
      (batch.step - 1 - batch.epoch * plan.steps_per_epoch) * plan.config.training.batch_size;
  std::vector<std::int64_t> positions;
  if (finding.what.micro_batch < 0) {
    positions.resize(static_cast<std::size_t>(batch.samples));
    std::iota(positions.begin(), positions.end(), first);
  } else {
    const std::int64_t start = finding.what.micro_batch * plan.micro_batch_size;
    const std::int64_t size = std::min(plan.micro_batch_size, batch.samples - start);
    const SampleRange part = part_of(size, batch.replica, batch.replicas);
    const std::int64_t own = first + start + part.begin;
    for (const std::int64_t row : finding.rows) positions.push_back(own + row);
    if (finding.rows.empty()) {
      positions.resize(static_cast<std::size_t>(part.size()));
      std::iota(positions.begin(), positions.end(), own);
    }
  }
  const std::vector<std::int64_t> order = data::epoch_order(plan.data.train_samples, plan.config.data.shuffle,
                                                            plan.config.training.seed, batch.epoch);
  for (std::int64_t& position : positions) position = order.at(static_cast<std::size_t>(position));
  return positions;
}

std::string list(std::vector<std::int64_t> samples) {
  const std::size_t all = samples.size();
  samples.resize(std::min(all, kSamplesNamed));
  const std::string named = fmt::format("sample{} {}", all == 1 ? "" : "s", fmt::join(samples, ", "));
  return all > kSamplesNamed ? fmt::format("{} and {} more", named, all - kSamplesNamed) : named;
}

}  // namespace

bool all_finite(const at::Tensor& x) {
  if (!x.is_floating_point()) return true;
  const at::NoGradGuard no_grad;
  if (std::isfinite(finite_mark(x).item<double>())) return true;
  return x.isfinite().all().item<bool>();
}

at::Tensor finite_mark(const at::Tensor& x) {
  const at::NoGradGuard no_grad;
  if (!x.is_floating_point()) return torch::zeros({}, x.options().dtype(at::kDouble));
  // An accelerator adds in float64 as fast as it reads; a CPU would make a copy first, and can look again.
  if (!x.is_cpu()) return at::sum(x, at::kDouble);
  return at::isReducedFloatingType(x.scalar_type()) ? at::sum(x, at::kFloat) : at::sum(x);
}

at::Tensor rough_mark(const std::vector<at::Tensor>& gradients) {
  const at::NoGradGuard no_grad;
  return torch::stack(at::_foreach_norm(gradients, 1)).sum(at::kDouble);
}

std::vector<std::int64_t> rows_not_finite(const at::Tensor& x) {
  if (x.dim() == 0 || x.numel() == 0) return {};
  const at::NoGradGuard no_grad;
  const at::Tensor rows = x.reshape({x.size(0), -1}).isfinite().all(1).logical_not().nonzero().cpu();
  const at::Tensor numbers = rows.flatten().contiguous();
  const std::int64_t* const first = numbers.const_data_ptr<std::int64_t>();
  return {first, first + numbers.numel()};
}

std::vector<at::Tensor> gradients_of(const models::Stage& stage) {
  std::vector<at::Tensor> gradients;
  for (const auto& [name, tensor] : stage.state()) {
    if (tensor.requires_grad() && tensor.grad().defined()) gradients.push_back(tensor.grad());
  }
  return gradients;
}

std::string describe(const Finding& finding, const RunPlan& plan, const BatchPlace& batch) {
  const std::string who = batch.replicas == 1
                              ? fmt::format("stage {}", batch.stage)
                              : fmt::format("stage {}, replica {}", batch.stage, batch.replica);
  const std::string micro_batch =
      finding.what.micro_batch < 0 ? "" : fmt::format(" micro-batch {},", finding.what.micro_batch);
  return fmt::format("{}: {} is NaN or infinite in step {} (epoch {}),{} {} of the training data", who,
                     finding.subject, batch.step, batch.epoch + 1, micro_batch,
                     list(sample_numbers(finding, plan, batch)));
}

std::string describe_end(const Finding& finding, const RunPlan& plan, const BatchPlace& batch) {
  const char* const advice = finding.what.in == NonfiniteIn::kInput
                                 ? "Repair these samples"
                                 : "Try a lower optimizer.lr, a longer warm-up or training.clip_norm";
  return fmt::format(
      "{}. Weights on disk are those of the last checkpoint. {}, or training.nonfinite: skip, which leaves "
      "such steps out.",
      describe(finding, plan, batch), advice);
}

}  // namespace interlock::training
