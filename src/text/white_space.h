#pragma once
// What separates words: the six ASCII characters, whatever the locale. Other kinds of space belong to words.

#include <cstddef>
#include <string_view>

namespace interlock::text {

constexpr bool is_white_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// The next word of `text` at or after `at`, which moves behind it; empty where there is none.
inline std::string_view next_word(std::string_view text, std::size_t& at) {
  while (at < text.size() && is_white_space(text[at])) ++at;
  const std::size_t begin = at;
  while (at < text.size() && !is_white_space(text[at])) ++at;
  return text.substr(begin, at - begin);
}

}  // namespace interlock::text
