#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/error.h"
#include "common/log.h"
#include "text/made_vocabulary.h"
#include "text/progress.h"
#include "text/text_reader.h"
#include "text/white_space.h"
#include "text/word_list.h"

namespace interlock::text {
namespace {

using Counts = std::unordered_map<std::string, std::uint64_t>;

// Drops the words with the lowest counts until at most half of `most` are left.
void forget_rarest(Counts& counts, std::size_t most) {
  for (std::uint64_t lowest = 1; counts.size() > most / 2; ++lowest) {
    for (auto word = counts.begin(); word != counts.end();) {
      word = word->second <= lowest ? counts.erase(word) : std::next(word);
    }
  }
}

}  // namespace

std::string count_words(const TextSource& source, std::int64_t size, std::size_t most_counted) {
  INTERLOCK_CHECK(size >= 3, fmt::format("{}", size));
  Counts counts;
  TextReader reader(source.files);
  Progress progress("counting words", source.bytes);
  bool forgot = false;
  std::string key;
  for (Piece piece; reader.next(piece); progress.at(reader.bytes_read())) {
    std::size_t at = 0;
    for (std::string_view word = next_word(piece.text, at); !word.empty(); word = next_word(piece.text, at)) {
      ++counts[key.assign(word)];
    }
    if (counts.size() <= most_counted) continue;
    forget_rarest(counts, most_counted);
    if (!std::exchange(forgot, true)) {
      log_warning(
          fmt::format("more than {} different words: the rarest are left out of the count, so ranks of rare "
                      "words are approximate",
                      most_counted));
    }
  }
  counts.erase(kUnknownWord);
  counts.erase(kEndOfLineWord);
  std::vector<std::pair<std::string, std::uint64_t>> ranked(counts.begin(), counts.end());
  std::sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  std::vector<std::string> words = {kUnknownWord, kEndOfLineWord};
  for (const auto& [word, count] : ranked) {
    if (static_cast<std::int64_t>(words.size()) == size) break;
    words.push_back(word);
  }
  return format_word_list(words);
}

}  // namespace interlock::text
