#include "text/progress.h"

#include <utility>

#include <fmt/format.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"

namespace interlock::text {
namespace {

constexpr double kSecondsBetween = 5;
constexpr std::uint64_t kBytesBetween = 1 << 20;

}  // namespace

Progress::Progress(std::string what, std::uint64_t total_bytes)
    : what_(std::move(what)), total_(total_bytes), start_(monotonic_seconds()), said_(start_) {}

void Progress::at(std::uint64_t bytes) {
  if (bytes < next_look_) return;
  next_look_ = bytes + kBytesBetween;
  const double now = monotonic_seconds();
  if (now - said_ < kSecondsBetween) return;
  said_ = now;
  const double share = total_ > 0 ? static_cast<double>(bytes) / static_cast<double>(total_) : 1;
  log_info(fmt::format("{}: {:.0f} % of {}, {} to go", what_, 100 * share,
                       format_bytes(static_cast<double>(total_)),
                       format_duration((now - start_) * (1 - share) / share)));
}

}  // namespace interlock::text
