#include "app/plan_figures.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "config/names.h"

namespace interlock::app {

std::string TimeUnit::show(double seconds) const {
  const double value = seconds * per_second;
  const int decimals = value >= 1000 || value == 0 ? 0 : value >= 100 ? 1 : value >= 1 ? 2 : 4;
  return fmt::format("{:.{}f} {}", value, decimals, name);
}

TimeUnit time_unit(const training::KnownCosts& known, double step_seconds) {
  if (known.source.rfind("assumed", 0) == 0) return {1, "F", false};
  if (step_seconds >= 10) return {1, "s"};
  if (step_seconds < 1e-3) return {1e6, "us"};
  return {};
}

std::string policy_name(const schedule::Plan& plan) {
  if (plan.policy == config::PolicyKind::kAuto) return "file";
  return config::name_of(config::policy_kinds(), plan.policy);
}

int most_in_flight(const schedule::Simulation& simulation) {
  int most = 0;
  for (const schedule::StageUse& use : simulation.stages) most = std::max(most, use.peak_in_flight);
  return most;
}

double most_stored_bytes(const schedule::Simulation& simulation) {
  double most = 0;
  for (const schedule::StageUse& use : simulation.stages) most = std::max(most, use.peak_bytes);
  return most;
}

}  // namespace interlock::app
