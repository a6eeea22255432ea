#include "tools/top/characters.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <sstream>

namespace interlock::tools {
namespace {

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

}  // namespace

std::string clipped(const std::string& text, std::size_t columns) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_continuation(text[i])) continue;
    if (characters++ == columns) return text.substr(0, i);
  }
  return text;
}

std::string blocks(const std::vector<double>& values, std::size_t width) {
  static const std::array<const char*, 8> heights = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const auto first = values.end() - static_cast<std::ptrdiff_t>(std::min(width, values.size()));
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (auto value = first; value != values.end(); ++value) {
    if (!std::isfinite(*value)) continue;
    low = std::min(low, *value);
    high = std::max(high, *value);
  }
  std::string text;
  for (auto value = first; value != values.end(); ++value) {
    const double height = high > low ? (*value - low) / (high - low) : 0;
    text += std::isfinite(*value) ? heights[static_cast<std::size_t>(height * 7.999)] : " ";
  }
  return text;
}

std::vector<double> means(const std::vector<double>& values, std::size_t count) {
  const std::size_t size = std::max<std::size_t>(1, (values.size() + count - 1) / count);
  std::vector<double> found;
  for (std::size_t end = values.size(); end > 0; end -= std::min(end, size)) {
    double sum = 0;
    int finite = 0;
    for (std::size_t i = end - std::min(end, size); i < end; ++i) {
      if (!std::isfinite(values[i])) continue;
      sum += values[i];
      ++finite;
    }
    found.push_back(sum / finite);  // NaN where there is none
  }
  return {found.rbegin(), found.rend()};
}

std::vector<std::string> wrapped(const std::string& text, std::size_t columns) {
  std::vector<std::string> lines(1);
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (!lines.back().empty() && lines.back().size() + 1 + word.size() > columns) lines.emplace_back();
    lines.back() += (lines.back().empty() ? "" : " ") + word;
  }
  return lines;
}

}  // namespace interlock::tools
