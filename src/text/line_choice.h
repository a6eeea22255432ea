#pragma once
// Which lines are held out: drawn without a list of all lines, of which there may be many millions.

#include <cstdint>
#include <utility>
#include <vector>

namespace interlock::text {

// Some of the lines 0 .. total-1, in order: those of a sorted list, or all but those.
class LineChoice {
 public:
  static LineChoice all(std::int64_t total) { return LineChoice(total, {}, false); }
  static LineChoice only(std::int64_t total, std::vector<std::int64_t> lines) {
    return LineChoice(total, std::move(lines), true);
  }
  static LineChoice all_but(std::int64_t total, std::vector<std::int64_t> lines) {
    return LineChoice(total, std::move(lines), false);
  }

  [[nodiscard]] std::int64_t size() const;
  [[nodiscard]] std::int64_t line(std::int64_t number) const;  // REQUIRES 0 <= number < size()

 private:
  LineChoice(std::int64_t total, std::vector<std::int64_t> listed, bool keeps_listed)
      : total_(total), listed_(std::move(listed)), keeps_listed_(keeps_listed) {}

  std::int64_t total_;
  std::vector<std::int64_t> listed_;
  bool keeps_listed_;
};

// `count` different numbers of 0 .. total-1, sorted; every set of so many is equally likely.
std::vector<std::int64_t> draw_lines(std::int64_t total, std::int64_t count, std::uint64_t seed);

}  // namespace interlock::text
