#include "models/layer.h"

#include <functional>
#include <numeric>

namespace interlock::models {

std::int64_t element_count(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

Shape batched(Shape sample, std::int64_t samples) {
  sample.insert(sample.begin(), samples);
  return sample;
}

}  // namespace interlock::models
