#include "training/batch_loader.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "data/sampler.h"

namespace interlock::training {
namespace {

using schedule::Order;
using schedule::OrderKind;

bool same_order(const Order& a, const Order& b) {
  return a.kind == b.kind && a.epoch == b.epoch && a.step == b.step && a.first_sample == b.first_sample &&
         a.samples == b.samples;
}

}  // namespace

BatchLoader::BatchLoader(const RunPlan& plan, const data::DataSource& source, int replica, int replicas)
    : plan_(plan), source_(source), replica_(replica), replicas_(replicas) {
  if (plan.config.data.threads > 0 && source.train) prefetcher_.emplace(plan.config.data.threads);
}

int BatchLoader::micro_batches(const Order& order) const {
  return static_cast<int>(data::micro_batch_sizes(order.samples, plan_.micro_batch_size).size());
}

SampleRange BatchLoader::range_of(const Order& order, int m) const {
  const std::int64_t first = order.first_sample + m * plan_.micro_batch_size;
  const std::int64_t last = std::min(order.first_sample + order.samples, first + plan_.micro_batch_size);
  const SampleRange part = part_of(last - first, replica_, replicas_);
  return {first + part.begin, first + part.end};
}

LoadRequest BatchLoader::request_of(const Order& order, int m) {
  const auto [first, last] = range_of(order, m);
  if (order.kind == OrderKind::kEvaluate) {
    std::vector<std::int64_t> samples(static_cast<std::size_t>(last - first));
    std::iota(samples.begin(), samples.end(), first);
    return {source_.eval.get(), std::move(samples), 0};
  }
  if (epoch_ != order.epoch) {
    epoch_ = order.epoch;
    epoch_order_ = data::epoch_order(source_.train->size(), plan_.config.data.shuffle,
                                     plan_.config.training.seed, order.epoch);
  }
  return {source_.train.get(), {epoch_order_.begin() + first, epoch_order_.begin() + last}, order.epoch};
}

void BatchLoader::expect(const Order& order) {
  if (!prefetcher_ || (order.kind != OrderKind::kTrain && order.kind != OrderKind::kEvaluate)) return;
  for (int m = 0; m < micro_batches(order); ++m) {
    if (range_of(order, m).size() == 0) continue;
    expected_.push_back({order, m, prefetcher_->announce(request_of(order, m))});
  }
}

data::Batch BatchLoader::load(const Order& order, int m) {
  if (!prefetcher_) {
    const LoadRequest request = request_of(order, m);
    return request.set->load(request.samples, request.epoch);
  }
  const auto found = std::find_if(expected_.begin(), expected_.end(), [&](const Expected& expected) {
    return expected.m == m && same_order(expected.order, order);
  });
  if (found == expected_.end()) return prefetcher_->take(prefetcher_->announce(request_of(order, m)));
  const std::uint64_t number = found->number;
  expected_.erase(found);
  // Orders come in turn: what is left of earlier ones will not be asked for.
  while (!expected_.empty() && !same_order(expected_.front().order, order) &&
         expected_.front().number < number) {
    prefetcher_->drop(expected_.front().number);
    expected_.pop_front();
  }
  return prefetcher_->take(number);
}

std::vector<data::Batch> BatchLoader::load_all(const Order& order) {
  if (expected_.empty()) expect(order);
  std::vector<data::Batch> batches;
  for (int m = 0; m < micro_batches(order); ++m) batches.push_back(load(order, m));
  return batches;
}

}  // namespace interlock::training
