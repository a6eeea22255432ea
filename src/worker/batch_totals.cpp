#include "worker/batch_totals.h"

#include <torch/types.h>

namespace interlock::worker {
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
  if (loss_.defined()) sums_.loss += loss_.item<double>();
  if (correct_.defined()) sums_.correct += correct_.item<std::int64_t>();
  if (counted_.defined()) sums_.counted += counted_.item<std::int64_t>();
  loss_.reset();
  correct_.reset();
  counted_.reset();
  return sums_;
}

}  // namespace interlock::worker
