#include "text/line_choice.h"

#include <fmt/format.h>

#include "common/error.h"
#include "common/random.h"

namespace interlock::text {

std::int64_t LineChoice::size() const {
  const auto listed = static_cast<std::int64_t>(listed_.size());
  return keeps_listed_ ? listed : total_ - listed;
}

std::int64_t LineChoice::line(std::int64_t number) const {
  INTERLOCK_CHECK(number >= 0 && number < size(), fmt::format("{} of {}", number, size()));
  if (keeps_listed_) return listed_[static_cast<std::size_t>(number)];
  // listed_[k] - k unlisted lines come before listed_[k], so find how many listed ones come before ours.
  std::size_t low = 0;
  std::size_t high = listed_.size();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (listed_[middle] - static_cast<std::int64_t>(middle) > number) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return number + static_cast<std::int64_t>(low);
}

std::vector<std::int64_t> draw_lines(std::int64_t total, std::int64_t count, std::uint64_t seed) {
  INTERLOCK_CHECK(count >= 0 && count <= total, fmt::format("{} of {}", count, total));
  std::vector<std::int64_t> drawn;
  drawn.reserve(static_cast<std::size_t>(count));
  SplitMix64 random(seed);
  // Takes each line with the chance that is left for it: as many as still wanted, of as many as are left.
  for (std::int64_t line = 0; line < total && count > 0; ++line) {
    if (random.below(static_cast<std::uint64_t>(total - line)) >= static_cast<std::uint64_t>(count)) continue;
    drawn.push_back(line);
    --count;
  }
  return drawn;
}

}  // namespace interlock::text
