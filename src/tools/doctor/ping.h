#pragma once
// What ranks found out about each other: exchanged as JSON between the full program, which has MPI, and
// doctor, which has not.

#include <string>
#include <vector>

#include "tools/doctor/finding.h"
#include "tools/doctor/libraries.h"

namespace interlock::tools {

// The line that holds the answer begins so; MPI may print others around it.
inline constexpr const char* kAnswerMark = "interlock-doctor: ";

struct RankPing {
  int rank = 0;
  std::string host;
  int processors = 0;               // that it may run on
  double microseconds = -1;         // rank 0 to it, one way, a small message; -1: rank 0 itself
  double gigabytes_per_second = 0;  // messages of 2 MiB, one way
};

struct PingAnswer {
  Libraries libraries;
  std::vector<RankPing> ranks;  // empty where nothing was asked but the libraries
};

std::string to_json(const PingAnswer& answer);
// Nothing known where `output` has no answer in it.
PingAnswer ping_answer_in(const std::string& output);

void judge_ping(const std::vector<RankPing>& ranks, std::vector<Finding>& findings);
// Where no answer came. `output`: of mpirun and the ranks.
void judge_silence(bool timed_out, double seconds, const std::string& output, std::vector<Finding>& findings);

}  // namespace interlock::tools
