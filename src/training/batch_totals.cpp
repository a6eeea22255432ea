#include "training/batch_totals.h"

#include <vector>

#include <torch/types.h>

namespace interlock::training {
namespace {

void add(at::Tensor& sum, const at::Tensor& value) {
  sum = sum.defined() ? sum + value : value;
}

}  // namespace

void BatchTotals::clear() {
  *this = {};
}

void BatchTotals::add_loss(const at::Tensor& share, const at::Tensor& hits) {
  const at::NoGradGuard no_grad;
  sums_.has_loss = true;
  if (share.is_cpu()) {
    sums_.loss += share.item<double>();
    sums_.correct += hits.item<std::int64_t>();
    return;
  }
  add(loss_, share.detach().to(torch::kDouble));
  add(correct_, hits);
}

void BatchTotals::add_counted(const at::Tensor& counted) {
  if (counted.is_cpu()) {
    sums_.counted += counted.item<std::int64_t>();
  } else {
    add(counted_, counted);
  }
}

void BatchTotals::scale_loss(double factor) {
  static_cast<void>(read());
  sums_.loss *= factor;
}

const BatchSums& BatchTotals::read() const {
  std::vector<at::Tensor> there;
  for (const at::Tensor* sum : {&loss_, &correct_, &counted_}) {
    if (sum->defined()) there.push_back(sum->to(torch::kDouble));  // counts are exact in it up to 2^53
  }
  if (there.empty()) return sums_;
  const at::Tensor here = torch::stack(there).cpu();
  const double* next = here.const_data_ptr<double>();
  if (loss_.defined()) sums_.loss += *next++;
  if (correct_.defined()) sums_.correct += static_cast<std::int64_t>(*next++);
  if (counted_.defined()) sums_.counted += static_cast<std::int64_t>(*next++);
  loss_.reset();
  correct_.reset();
  counted_.reset();
  return sums_;
}

}  // namespace interlock::training
