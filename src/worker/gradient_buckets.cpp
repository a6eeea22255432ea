#include "worker/gradient_buckets.h"

#include <memory>

#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/types.h>

namespace interlock::worker {

// Autograd calls it when it has added to the parameter's gradient.
class GradientBuckets::Hook : public torch::autograd::PostAccumulateGradHook {
 public:
  Hook(GradientBuckets& buckets, std::size_t entry) : buckets_(buckets), entry_(entry) {}
  void operator()(const torch::autograd::Variable&) override { buckets_.complete(entry_); }

 private:
  GradientBuckets& buckets_;
  const std::size_t entry_;
};

GradientBuckets::GradientBuckets(const std::vector<at::Tensor>& head, const std::vector<at::Tensor>& main,
                                 comm::AllReduce& sum, double bucket_mebibytes)
    : sum_(sum) {
  for (auto it = head.rbegin(); it != head.rend(); ++it) entries_.push_back({*it, Part::kHead, 0, 0});
  for (auto it = main.rbegin(); it != main.rend(); ++it) entries_.push_back({*it, Part::kMain, 0, 0});
  assign_buckets(bucket_mebibytes);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    torch::autograd::impl::set_post_acc_grad_hooks(entries_[i].parameter, std::make_unique<Hook>(*this, i));
  }
}

GradientBuckets::~GradientBuckets() {
  for (const Entry& entry : entries_) {
    torch::autograd::impl::set_post_acc_grad_hooks(entry.parameter, nullptr);
  }
}

void GradientBuckets::assign_buckets(double bucket_mebibytes) {
  const double most = bucket_mebibytes * 1024 * 1024;
  std::int64_t elements = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    Entry& entry = entries_[i];
    entry.bucket = buckets_.size();
    entry.offset = elements;
    elements += entry.parameter.numel();
    const bool full = static_cast<double>(elements) * sizeof(float) >= most;
    if (!full && i + 1 < entries_.size()) continue;
    Bucket bucket;
    bucket.sums = torch::empty({elements}, entry.parameter.options().requires_grad(false));
    bucket.first = buckets_.empty() ? 0 : buckets_.back().end;
    bucket.end = i + 1;
    bucket.missing = bucket.end - bucket.first;
    buckets_.push_back(std::move(bucket));
    elements = 0;
  }
}

at::Tensor GradientBuckets::slot(const Entry& entry) const {
  return buckets_[entry.bucket]
      .sums.narrow(0, entry.offset, entry.parameter.numel())
      .view(entry.parameter.sizes());
}

void GradientBuckets::expect_last(Part part) {
  last_[static_cast<std::size_t>(part)] = true;
}

void GradientBuckets::complete(std::size_t entry) {
  if (!last_[static_cast<std::size_t>(entries_[entry].part)]) return;
  --buckets_[entries_[entry].bucket].missing;
  start_ready();
}

void GradientBuckets::start_ready() {
  while (next_ < buckets_.size() && buckets_[next_].missing == 0) start(buckets_[next_++]);
  sum_.advance();
}

void GradientBuckets::start(Bucket& bucket) {
  const at::NoGradGuard no_grad;
  for (std::size_t i = bucket.first; i < bucket.end; ++i) {
    const at::Tensor gradient = entries_[i].parameter.grad();
    if (gradient.defined()) {
      slot(entries_[i]).copy_(gradient);
    } else {
      slot(entries_[i]).zero_();
    }
  }
  sum_.start(bucket.sums);
}

void GradientBuckets::finish() {
  while (next_ < buckets_.size()) start(buckets_[next_++]);
  sum_.finish();
  const at::NoGradGuard no_grad;
  for (const Entry& entry : entries_) {
    at::Tensor& gradient = entry.parameter.mutable_grad();
    if (!gradient.defined()) gradient = torch::empty_like(entry.parameter);
    gradient.copy_(slot(entry));
  }
  for (Bucket& bucket : buckets_) bucket.missing = bucket.end - bucket.first;
  next_ = 0;
  last_[0] = last_[1] = false;
}

}  // namespace interlock::worker
