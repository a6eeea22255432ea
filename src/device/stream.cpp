#include "device/stream.h"

#include <utility>

#include "common/clock.h"

namespace interlock::device {

bool Event::done() const {
  return !work_ || work_->done();
}
void Event::synchronise() const {
  if (work_) work_->synchronise();
}
double Event::seconds_since(const Event& earlier) const {
  return work_ && earlier.work_ ? work_->seconds_since(*earlier.work_) : time_ - earlier.time_;
}

Event Stream::record(Timing timing) const {
  Event event;
  if (work_)
    event.work_ = work_->record(timing);
  else if (timing == Timing::kOn)
    event.time_ = monotonic_seconds();
  return event;
}

void Stream::wait(const Event& event) const {
  if (!event.work_) return;
  if (work_)
    work_->wait(*event.work_);
  else
    event.work_->synchronise();  // the CPU waits for a device
}

void Stream::copy(const at::Tensor& to, const at::Tensor& from) const {
  if (work_)
    work_->copy(to, from);
  else
    to.copy_(from);
}

void Stream::keep(const at::Tensor& tensor) const {
  if (work_) work_->keep(tensor);
}

void Stream::run_on_host_after(std::function<void()> function) const {
  if (work_)
    work_->run_on_host_after(std::move(function));
  else
    function();
}

void Stream::synchronise() const {
  if (work_) work_->synchronise();
}

}  // namespace interlock::device
