#include "coordinator/numbers.h"

#include <cmath>

#include <nlohmann/json.hpp>

namespace interlock::coordinator {

using nlohmann::ordered_json;

ordered_json number_or_null(double value) {
  return std::isfinite(value) ? ordered_json(value) : ordered_json(nullptr);
}

ordered_json list(const PerStage& values) {
  ordered_json array = ordered_json::array();
  for (const double value : values) array.push_back(number_or_null(value));
  return array;
}

}  // namespace interlock::coordinator
