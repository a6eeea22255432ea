#include "report/format.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "common/text.h"

namespace interlock::report {
namespace {

std::string format_seconds(double seconds) {
  if (seconds < 1e-3) return fmt::format("{:.3g} µs", seconds * 1e6);
  if (seconds < 1) return fmt::format("{:.3g} ms", seconds * 1e3);
  if (seconds < 60) return fmt::format("{:.3g} s", seconds);
  return format_duration(seconds);
}

std::string format_mebibytes(double mebibytes) {
  if (mebibytes >= 1024) return fmt::format("{:.3g} GiB", mebibytes / 1024);
  if (mebibytes >= 1 || mebibytes == 0) return fmt::format("{:.3g} MiB", mebibytes);
  return fmt::format("{:.3g} KiB", mebibytes * 1024);
}

bool starts_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
}

// Where the character number `index` begins.
std::size_t place_of(const std::string& text, std::size_t index) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (starts_character(text[i]) && seen++ == index) return i;
  }
  return text.size();
}

}  // namespace

std::string format(double value, Unit unit) {
  if (!std::isfinite(value)) return "-";
  switch (unit) {
    case Unit::kPercent:
      return fmt::format("{:.1f} %", 100 * value);
    case Unit::kSeconds:
      return format_seconds(value);
    case Unit::kMebibytes:
      return format_mebibytes(value);
    case Unit::kNumber:
      break;
  }
  return format_number(value);
}

std::string format_number(double value, int digits) {
  if (!std::isfinite(value)) return "-";
  if (std::abs(value) >= 1000 && std::abs(value) < 1e9) return with_thousands(value);
  return fmt::format("{:.{}g}", value, digits);
}

std::string with_thousands(double value) {
  if (!std::isfinite(value)) return "-";
  std::string digits = fmt::format("{:.0f}", std::abs(value));
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return (value <= -0.5 ? "-" : "") + digits;
}

std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_character));
}

std::string shorten(const std::string& text, std::size_t most) {
  const std::size_t length = characters(text);
  if (length <= most || most < 3) return text;
  const std::size_t head = most / 2;
  const std::size_t tail = most - 1 - head;
  return text.substr(0, place_of(text, head)) + "…" + text.substr(place_of(text, length - tail));
}

}  // namespace interlock::report
