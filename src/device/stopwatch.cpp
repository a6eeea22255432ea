#include "device/stopwatch.h"

#include "common/error.h"

namespace interlock::device {

void Stopwatch::start() {
  started_ = device_.compute_stream().record(Timing::kOn);
  running_ = true;
}

void Stopwatch::stop() {
  INTERLOCK_CHECK(running_, "a stopwatch is stopped that was not started");
  running_ = false;
  const Event stopped = device_.compute_stream().record(Timing::kOn);
  if (device_.is_gpu())
    stretches_.emplace_back(started_, stopped);
  else
    seconds_ += stopped.seconds_since(started_);
}

double Stopwatch::take_seconds() {
  if (!stretches_.empty()) stretches_.back().second.synchronise();
  for (const auto& [start, stop] : stretches_) seconds_ += stop.seconds_since(start);
  stretches_.clear();
  return std::exchange(seconds_, 0);
}

}  // namespace interlock::device
