#pragma once
// What a trace says in figures: in its file, and in a few lines for people.

#include <string>
#include <vector>

#include "trace/busy.h"
#include "trace/merge.h"
#include "trace/planned.h"

namespace interlock::trace {

// Training steps, of the stage that has most.
int steps_recorded(const std::vector<StageUse>& stages);

// A JSON object: docs/profiling.md says what is in it.
std::string facts_in_json(const RunTrace& trace, const std::string& run, const std::vector<StageUse>& stages,
                          const PlannedTimeline& planned);

// Where the trace is, how busy stages were, how far clocks are apart, whose file is missing.
std::string in_words(const RunTrace& trace, const std::string& file, const std::vector<StageUse>& stages);

}  // namespace interlock::trace
