#pragma once
// Which steps of a start of the program a trace is of (config section `profile`).

#include <cstdint>

#include "config/config.h"

namespace interlock::trace {

enum class WindowPhase { kBefore, kWarmup, kActive, kAfter };

// Of the `number`th step, from 1.
inline WindowPhase phase_of(const config::ProfileConfig& profile, std::int64_t number) {
  if (number <= profile.wait) return WindowPhase::kBefore;
  if (number <= profile.wait + profile.warmup) return WindowPhase::kWarmup;
  if (number <= profile.wait + profile.warmup + profile.active) return WindowPhase::kActive;
  return WindowPhase::kAfter;
}

// The last step that is recorded.
inline std::int64_t last_of(const config::ProfileConfig& profile) {
  return profile.wait + profile.warmup + profile.active;
}

}  // namespace interlock::trace
