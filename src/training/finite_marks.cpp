#include "training/finite_marks.h"

#include <cmath>

#include <torch/types.h>

#include "training/nonfinite_search.h"

namespace interlock::training {

using schedule::NonfiniteIn;

void FiniteMarks::add(const Watched& what, const at::Tensor& value) {
  if (value.is_floating_point()) marks_.push_back({what, finite_mark(value)});
}

FiniteMarks::Read FiniteMarks::read(const std::vector<at::Tensor>& gradients,
                                    const std::vector<BatchTotals*>& totals) const {
  std::vector<at::Tensor> sums;
  for (const BatchTotals* one : totals) {
    for (const at::Tensor& sum : one->unread()) sums.push_back(sum);
  }
  for (const Mark& mark : marks_) sums.push_back(mark.sum);
  if (!gradients.empty()) sums.push_back(rough_mark(gradients));
  Read read;
  if (sums.empty()) return read;
  const at::Tensor here = torch::stack(sums).to(torch::kDouble).cpu();
  const double* values = here.const_data_ptr<double>();
  for (const BatchTotals* one : totals) values = one->accept(values);
  for (std::size_t i = 0; i < marks_.size() && !read.first; ++i) {
    if (!std::isfinite(values[i])) read.first = marks_[i].what;
  }
  read.gradients_finite = gradients.empty() || std::isfinite(values[marks_.size()]);
  return read;
}

Finding finding_of(const Watched& what, const models::Stage& stage) {
  Finding finding;
  finding.what = {what.in, what.micro_batch, -1, 0};
  switch (what.in) {
    case NonfiniteIn::kInput:
      finding.subject = "the input data";
      break;
    case NonfiniteIn::kLoss:
      finding.subject = "the loss";
      break;
    case NonfiniteIn::kGradient:
      finding.subject = "a gradient for the stage below";
      break;
    default:
      finding.subject = guess_activation(stage).subject;
  }
  return finding;
}

}  // namespace interlock::training
