#pragma once
// Scalars as text and back: what counts as a bool, a whole number, a number or plain text, in one place for
// keys, for layer arguments and for writing a config. Stricter than YAML 1.1: no yes/no, no octal, no
// infinities.

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace interlock::config {

std::optional<bool> parse_bool(const std::string& text);
std::optional<std::int64_t> parse_int(const std::string& text);
std::optional<std::uint64_t> parse_unsigned(const std::string& text);
std::optional<double> parse_double(const std::string& text);  // finite ones only

std::string format_double(double value);  // shortest text that parses to the same double, "2.0" for 2
std::string format_text(
    const std::string& value);  // quoted unless every YAML reader takes it for text as it is

bool has_control_character(const std::string& text);

// `text` for use in a message: control characters replaced, cut after about 60 characters.
std::string shorten(const std::string& text);

inline constexpr std::int64_t kNoMaximum = std::numeric_limits<std::int64_t>::max();

// "a whole number from 1 to 8", "a whole number, 1 or more"
std::string describe_range(std::int64_t minimum, std::int64_t maximum);

// The doubles a key takes; an end that is not `closed` is itself left out.
struct Interval {
  double minimum = -std::numeric_limits<double>::infinity();
  double maximum = std::numeric_limits<double>::infinity();
  bool minimum_closed = true;
  bool maximum_closed = true;

  [[nodiscard]] bool contains(double value) const;
  [[nodiscard]] std::string text() const;  // "a number above 0 and at most 1"
};

inline constexpr Interval kAnyNumber{};
inline constexpr Interval kPositive{0, std::numeric_limits<double>::infinity(), false, true};
inline constexpr Interval kNotNegative{0, std::numeric_limits<double>::infinity(), true, true};
inline constexpr Interval kZeroToBelowOne{0, 1, true, false};

}  // namespace interlock::config
