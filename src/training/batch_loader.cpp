#include "training/batch_loader.h"

#include <algorithm>

#include "data/sampler.h"

namespace interlock::training {

data::Batch BatchLoader::load(const schedule::Order& order, int m) {
  const std::int64_t first = order.first_sample + m * plan_.micro_batch_size;
  const std::int64_t last = std::min(order.first_sample + order.samples, first + plan_.micro_batch_size);
  if (order.kind == schedule::OrderKind::kEvaluate) {
    std::vector<std::int64_t> samples;
    for (std::int64_t i = first; i < last; ++i) samples.push_back(i);
    return source_.eval->load(samples, 0);
  }
  if (epoch_ != order.epoch) {
    epoch_ = order.epoch;
    epoch_order_ = data::epoch_order(source_.train->size(), plan_.config.data.shuffle,
                                     plan_.config.training.seed, order.epoch);
  }
  return source_.train->load({epoch_order_.begin() + first, epoch_order_.begin() + last}, order.epoch);
}

std::vector<data::Batch> BatchLoader::load_all(const schedule::Order& order) {
  std::vector<data::Batch> batches;
  const std::size_t count = data::micro_batch_sizes(order.samples, plan_.micro_batch_size).size();
  for (std::size_t m = 0; m < count; ++m) batches.push_back(load(order, static_cast<int>(m)));
  return batches;
}

}  // namespace interlock::training
