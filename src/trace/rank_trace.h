#pragma once
// What one rank recorded, and its file: RUN/trace/rank-<r>.json. Times are nanoseconds of the rank's host's
// monotonic clock.

#include <cstdint>
#include <string>
#include <vector>

#include "schedule/protocol.h"
#include "trace/record.h"

namespace interlock::trace {

// An order that was carried out. The time between `previous_end` and `begin` went by without one.
struct OrderUse {
  std::int64_t order = 0;  // its number: Record::order
  schedule::OrderKind kind = schedule::OrderKind::kFinish;
  std::int64_t step = 0;
  std::int64_t previous_end = 0;
  std::int64_t begin = 0;
  std::int64_t end = 0;
  double busy_seconds = 0;  // as metrics.jsonl counts them
};

// Where operators run one after the other, or within each other: a thread, or a stream of a GPU.
struct OperatorTrack {
  std::string name;
  bool on_device = false;
};

struct Operator {
  std::int32_t name = 0;   // index into names
  std::int32_t track = 0;  // index into tracks
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

struct Operators {
  std::vector<std::string> names;
  std::vector<OperatorTrack> tracks;
  std::vector<Operator> events;
};

struct RankTrace {
  int rank = 0;
  int stage = -1;  // the coordinator: -1
  int replica = 0;
  bool on_gpu = false;  // busy_seconds are the GPU's: records say when the host gave it work
  std::vector<OrderUse> orders;
  std::vector<Record> records;
  Operators operators;
};

std::string trace_folder(const std::string& run);
std::string rank_file(const std::string& run, int rank);

// Errors: IoError.
void write_rank_trace(const std::string& run, const RankTrace& trace);
// Errors: DataError with the file's name where it is missing or damaged.
RankTrace read_rank_trace(const std::string& path);

}  // namespace interlock::trace
