#include "text/word_list.h"

#include <algorithm>
#include <cstdint>
#include <unordered_map>

#include <fmt/format.h>

#include "common/error.h"
#include "text/text_reader.h"
#include "text/white_space.h"

namespace interlock::text {
namespace {

[[noreturn]] void fail(const std::string& path, std::uint64_t line, const std::string& problem) {
  throw DataError(fmt::format("{}:{}: {}", path, line, problem));
}

bool is_count(std::string_view column) {
  return std::all_of(column.begin(), column.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// The word of a line, empty for an empty line.
std::string_view word_of(std::string_view line, const std::string& path, std::uint64_t number) {
  std::size_t at = 0;
  const std::string_view word = next_word(line, at);
  const std::string_view count = next_word(line, at);
  if (!is_count(count) || !next_word(line, at).empty()) {
    fail(path, number,
         "this line is neither a word nor a word and its count; is this a vocabulary (data.vocabulary)?");
  }
  return word;
}

}  // namespace

std::vector<std::string> read_word_list(const std::string& path) {
  std::vector<std::string> words;
  std::unordered_map<std::string, std::uint64_t> lines;  // where each word stands, from 1
  TextReader reader({path});
  std::uint64_t empty = 0;
  Piece piece;
  for (std::uint64_t number = 1; reader.next(piece); ++number) {
    if (!piece.ends_line) fail(path, number, fmt::format("a word of more than {} bytes", piece.text.size()));
    const std::string word(word_of(piece.text, path, number));
    if (word.empty()) {
      if (empty == 0) empty = number;
      continue;
    }
    if (empty != 0) fail(path, empty, "this line is empty, and lines count: a word's number is its line");
    const auto [place, is_new] = lines.emplace(word, number);
    if (!is_new) fail(path, number, fmt::format("the word '{}' is in line {} already", word, place->second));
    words.push_back(word);
  }
  return words;
}

std::string format_word_list(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text.append(word).push_back('\n');
  return text;
}

}  // namespace interlock::text
