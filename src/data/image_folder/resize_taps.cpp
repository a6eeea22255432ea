#include "data/image_folder/resize_taps.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "common/error.h"

namespace interlock::data {
namespace {

std::int16_t low_half(int weight) {
  return static_cast<std::int16_t>(weight & ((1 << kLowWeightBits) - 1));
}
std::int16_t high_half(int weight) {
  return static_cast<std::int16_t>(weight >> kLowWeightBits);
}

}  // namespace

// The order of these operations is Pillow's, so that every weight rounds to the same number.
Taps make_taps(int from, int to, int first, int count) {
  INTERLOCK_CHECK(from >= 1 && first >= 0 && count >= 1 && count <= to - first,
                  fmt::format("{} -> {}, {} from {}", from, to, count, first));
  const double scale = static_cast<double>(from) / to;
  const double reach = std::max(scale, 1.0);  // of the triangle to each side, in source pixels
  Taps taps;
  std::vector<double> weights;
  for (int place = first; place < first + count; ++place) {
    const double centre = (place + 0.5) * scale;
    const int begin = std::max(0, static_cast<int>(centre - reach + 0.5));
    const int end = std::min(from, static_cast<int>(centre + reach + 0.5));
    weights.clear();
    double sum = 0;
    for (int i = begin; i < end; ++i) {
      weights.push_back(std::max(0.0, 1 - std::abs((i - centre + 0.5) * (1 / reach))));
      sum += weights.back();
    }
    taps.places.push_back({begin, end - begin, static_cast<int>(taps.pairs.size())});
    for (std::size_t i = 0; i < weights.size(); i += 2) {
      const auto fixed = [&](std::size_t at) {
        return at < weights.size() ? static_cast<int>(0.5 + weights[at] / sum * (1 << kWeightBits)) : 0;
      };
      const int left = fixed(i);
      const int right = fixed(i + 1);
      taps.pairs.push_back({{low_half(left), low_half(right)}, {high_half(left), high_half(right)}});
    }
  }
  return taps;
}

}  // namespace interlock::data
