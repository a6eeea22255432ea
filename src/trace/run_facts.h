#pragma once
// What the coordinator knows of a run that a trace needs, and its file: RUN/trace/run.json. Who is where, how
// far clocks are apart, what the schedule is and what its actions were thought to cost.

#include <cstdint>
#include <string>
#include <vector>

#include "common/clock_offset.h"
#include "schedule/action.h"
#include "schedule/costs.h"

namespace interlock::trace {

struct RankFacts {
  int stage = -1;  // the coordinator: -1
  int replica = 0;
  std::string host;
  std::string machine;                // ranks with the same one share a clock
  std::vector<ClockOffset> measured;  // to the coordinator's clock, by the coordinator's: at start and end
};

struct RunFacts {
  std::vector<RankFacts> ranks;  // by rank
  std::vector<bool> learns;      // by stage: schedule::GradientRule
  schedule::Schedule schedule;
  schedule::Costs costs;
  std::string costs_source;  // in words
  bool costs_known = false;  // else all stages were taken to be alike
  std::int64_t active = 0;   // steps that were to be recorded
};

std::string facts_file(const std::string& run);

// Errors: IoError.
void write_run_facts(const std::string& run, const RunFacts& facts);
// Errors: DataError with the file's name.
RunFacts read_run_facts(const std::string& run);

// What to subtract from `time` by the rank's clock for the coordinator's, both in nanoseconds. 0 on the
// coordinator's machine, unless the two clocks were measured to be apart there too. Between two measurements
// on a straight line, elsewhere as the nearer one says; ranks of one machine go by the most exact measurement
// among them.
struct Alignment {
  std::int64_t offset = 0;
  std::int64_t uncertainty = 0;
  bool shared = false;  // with the coordinator: nothing to correct
};
Alignment align(const RunFacts& facts, int rank, std::int64_t time);

}  // namespace interlock::trace
