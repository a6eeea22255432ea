#include "comm/link_delay.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include <fmt/format.h>

#include "common/error.h"

namespace interlock::comm {

std::unique_ptr<LinkDelay> LinkDelay::from_environment() {
  constexpr double kLongest = 10'000;
  const char* const given = std::getenv("INTERLOCK_TEST_LINK_DELAY_MS");
  if (given == nullptr) return nullptr;
  char* end = nullptr;
  const double milliseconds = std::strtod(given, &end);
  if (end == given || *end != '\0' || !(milliseconds >= 0 && milliseconds <= kLongest)) {
    throw UsageError(
        fmt::format("INTERLOCK_TEST_LINK_DELAY_MS={}: expected milliseconds, 0 to {}", given, kLongest));
  }
  const char* const all = std::getenv("INTERLOCK_TEST_LINK_DELAY_ALL");
  const std::chrono::duration<double, std::milli> delay(milliseconds);
  return std::make_unique<LinkDelay>(std::chrono::duration_cast<std::chrono::microseconds>(delay),
                                     all != nullptr && std::string(all) == "1");
}

bool LinkDelay::hold(const Operation& send, const Doorbell& doorbell) {
  if (send.get() == leaving_) {
    leaving_ = nullptr;
    return false;
  }
  if (!everyone_ && doorbell.reaches(send->peer)) return false;
  held_.push_back({Clock::now() + delay_, send});
  ++held_count_;
  return true;
}

LinkDelay::Operation LinkDelay::next_due() {
  if (held_.empty() || held_.front().due > Clock::now()) return nullptr;
  Operation due = std::move(held_.front().send);
  held_.pop_front();
  --held_count_;
  leaving_ = due.get();
  return due;
}

std::chrono::microseconds LinkDelay::until_next(std::chrono::microseconds most) const {
  if (held_.empty()) return most;
  const auto left = std::chrono::ceil<std::chrono::microseconds>(held_.front().due - Clock::now());
  return std::clamp(left, std::chrono::microseconds{0}, most);
}

}  // namespace interlock::comm
