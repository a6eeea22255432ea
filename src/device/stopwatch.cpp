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
  for (; !stretches_.empty() && stretches_.front().second.done(); stretches_.pop_front())
    seconds_ += stretches_.front().second.seconds_since(stretches_.front().first);
  return std::exchange(seconds_, 0);
}

}  // namespace interlock::device
