#pragma once
// Figures in the coordinator's JSON: null for one that is not finite, which JSON cannot say.

#include <nlohmann/json_fwd.hpp>

#include "coordinator/metrics_log.h"

namespace interlock::coordinator {

nlohmann::ordered_json number_or_null(double value);
nlohmann::ordered_json list(const PerStage& values);

}  // namespace interlock::coordinator
