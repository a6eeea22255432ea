#include "training/batch_totals.h"

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

std::vector<at::Tensor> BatchTotals::unread() const {
  std::vector<at::Tensor> there;
  for (const at::Tensor* sum : {&loss_, &correct_, &counted_}) {
    if (sum->defined()) there.push_back(sum->to(torch::kDouble));  // counts are exact in it up to 2^53
  }
  return there;
}

const double* BatchTotals::accept(const double* values) const {
  if (loss_.defined()) sums_.loss += *values++;
  if (correct_.defined()) sums_.correct += static_cast<std::int64_t>(*values++);
  if (counted_.defined()) sums_.counted += static_cast<std::int64_t>(*values++);
  loss_.reset();
  correct_.reset();
  counted_.reset();
  return values;
}

const BatchSums& BatchTotals::read() const {
  const std::vector<at::Tensor> there = unread();
  if (there.empty()) return sums_;
  const at::Tensor here = torch::stack(there).cpu();
  accept(here.const_data_ptr<double>());
  return sums_;
}

}  // namespace interlock::training
