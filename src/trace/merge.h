#pragma once
// From the files of the ranks (rank_trace.h) and of the coordinator (run_facts.h) to one trace that Perfetto
// and chrome://tracing open.

#include <string>
#include <vector>

#include "trace/rank_trace.h"
#include "trace/run_facts.h"

namespace interlock::trace {

struct RunTrace {
  RunFacts facts;
  std::vector<RankTrace> ranks;  // all times by the coordinator's clock
  std::vector<int> missing;      // workers whose file is not there
};

// Errors: DataError where nothing was recorded, or a file is damaged.
RunTrace read_run_trace(const std::string& run);

// Reads RUN/trace/ and RUN/config.yaml, writes `file`, and says what is in it: "trace: runs/x/trace.json, 3
// steps, stage 0 busy 81 %, ...", and how far clocks are apart. Errors: also those of the config, IoError.
std::string merge_run(const std::string& run, const std::string& file);

}  // namespace interlock::trace
