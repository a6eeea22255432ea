#include "config/scalar.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace interlock::config {
namespace {

template <class Number>
std::optional<Number> parse_whole(const std::string& text) {
  const char* begin = text.data();
  const char* const end = begin + text.size();
  // from_chars knows no plus sign; "+-1" must stay refused.
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') ++begin;
  Number value{};
  const auto [stop, problem] = std::from_chars(begin, end, value);
  if (problem != std::errc() || stop != end) return std::nullopt;
  return value;
}

bool is_letter(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0;
}
bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

// Letters first, then nothing that YAML could read as anything but text, in a flow list too.
bool is_plain_text(const std::string& value) {
  constexpr std::array<const char*, 12> kReserved = {"null", "true", "false", "yes", "no",  "on",
                                                     "off",  "y",    "n",     "nan", "inf", "infinity"};
  if (value.empty() || !is_letter(value[0])) return false;
  const bool safe = std::all_of(value.begin(), value.end(), [](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '/' || c == '-';
  });
  std::string lower = value;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return safe && std::find(kReserved.begin(), kReserved.end(), lower) == kReserved.end();
}

}  // namespace

std::optional<bool> parse_bool(const std::string& text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

std::optional<std::int64_t> parse_int(const std::string& text) {
  return parse_whole<std::int64_t>(text);
}
std::optional<std::uint64_t> parse_unsigned(const std::string& text) {
  return parse_whole<std::uint64_t>(text);
}

std::optional<double> parse_double(const std::string& text) {
  const std::optional<double> value = parse_whole<double>(text);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::string format_double(double value) {
  std::string text = fmt::format("{}", value);
  if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return text;
}

std::string format_text(const std::string& value) {
  if (is_plain_text(value)) return value;
  std::string quoted = "\"";
  for (const char c : value) {
    if (is_control(c)) {
      quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
      continue;
    }
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

bool has_control_character(const std::string& text) {
  return std::any_of(text.begin(), text.end(), is_control);
}

std::string shorten(const std::string& text) {
  constexpr std::size_t kLongest = 60;
  std::string result = text.substr(0, kLongest);
  if (text.size() > kLongest) {
    // Not in the middle of a UTF-8 sequence: drop its started bytes, then its first one.
    while (!result.empty() && (static_cast<unsigned char>(result.back()) & 0xC0U) == 0x80U) result.pop_back();
    if (!result.empty() && (static_cast<unsigned char>(result.back()) & 0x80U) != 0) result.pop_back();
    result += "...";
  }
  std::replace_if(result.begin(), result.end(), is_control, ' ');
  return result;
}

std::string describe_range(std::int64_t minimum, std::int64_t maximum) {
  if (maximum == kNoMaximum) return fmt::format("a whole number, {} or more", minimum);
  return fmt::format("a whole number from {} to {}", minimum, maximum);
}

bool Interval::contains(double value) const {
  const bool above = minimum_closed ? value >= minimum : value > minimum;
  const bool below = maximum_closed ? value <= maximum : value < maximum;
  return above && below;
}

std::string Interval::text() const {
  std::string result = "a number";
  const bool has_minimum = std::isfinite(minimum);
  if (has_minimum) result += fmt::format(" {} {}", minimum_closed ? "at least" : "above", minimum);
  if (std::isfinite(maximum)) {
    result +=
        fmt::format("{} {} {}", has_minimum ? " and" : "", maximum_closed ? "at most" : "below", maximum);
  }
  return result;
}

}  // namespace interlock::config
