#pragma once
// How a plan's figures are written for people: times in seconds only where something was measured or given.

#include <string>

#include "schedule/timeline.h"
#include "training/schedule_choice.h"

namespace interlock::app {

struct TimeUnit {
  double per_second = 1000;
  std::string name = "ms";
  bool known = true;  // false: nobody said what an action takes, so the forward of a micro-batch is the unit

  [[nodiscard]] std::string show(double seconds) const;  // "241.7 ms"
};

// A unit that suits a step of so many seconds.
TimeUnit time_unit(const training::KnownCosts& known, double step_seconds);

// "planned", "1f1b", ...; "file" for the order of schedule.file.
std::string policy_name(const schedule::Plan& plan);

// Over all stages.
int most_in_flight(const schedule::Simulation& simulation);
double most_stored_bytes(const schedule::Simulation& simulation);

}  // namespace interlock::app
