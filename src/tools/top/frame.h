#pragma once
// What `interlock top` shows, as lines. Pure.

#include <cstddef>
#include <string>
#include <vector>

#include "tools/top/live.h"

namespace interlock::tools {

enum class LineKind { kPlain, kHeading, kWarning, kFaint };

struct Line {
  std::string text;
  LineKind kind = LineKind::kPlain;
};

// Beside live.json.
struct Surroundings {
  std::string run_folder;
  double now = 0;                  // seconds since 1970
  bool gone = false;               // its processes are not there any more, though it never said that it ended
  double step_seconds = kUnknown;  // of the newest step
  std::vector<double> losses;      // of the last stage, newest last
  std::size_t columns = 110;
  std::size_t rows = 40;
};

std::vector<Line> frame(const LiveRun& run, const Surroundings& around);

}  // namespace interlock::tools
