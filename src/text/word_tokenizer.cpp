// Words between white space, looked up in a vocabulary.

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "common/error.h"
#include "common/text.h"
#include "text/checksum.h"
#include "text/tokenizer.h"
#include "text/white_space.h"
#include "text/word_list.h"

namespace interlock::text {
namespace {

class WordTokenizer : public Tokenizer {
 public:
  WordTokenizer(std::vector<std::string> words, const std::string& path) : words_(std::move(words)) {
    numbers_.reserve(words_.size());
    Checksum checksum;
    checksum.add("words");
    for (std::size_t i = 0; i < words_.size(); ++i) {
      numbers_.emplace(words_[i], static_cast<Token>(i));
      checksum.add(words_[i]);
    }
    fingerprint_ = checksum.hex();
    unknown_ = required(kUnknownWords, "unknown words", path);
    end_of_line_ = required(kEndOfLineWords, "the end of a line", path);
  }

  [[nodiscard]] std::int64_t size() const override { return static_cast<std::int64_t>(words_.size()); }

  void encode(std::string_view text, std::vector<Token>& tokens) const override {
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      encode_line(text.substr(begin, end - begin), tokens);
      if (end < text.size()) tokens.push_back(end_of_line_);
      begin = end + 1;
    }
  }

  [[nodiscard]] std::string decode(const std::vector<Token>& tokens) const override {
    check(tokens);
    std::string text;
    bool starts_line = true;
    for (const Token token : tokens) {
      const bool ends_line = token == end_of_line_;
      if (!starts_line && !ends_line) text.push_back(' ');
      text += ends_line ? "\n" : words_[static_cast<std::size_t>(token)];
      starts_line = ends_line;
    }
    return text;
  }

  [[nodiscard]] Token end_of_line() const override { return end_of_line_; }
  [[nodiscard]] std::string fingerprint() const override { return fingerprint_; }

 private:
  template <std::size_t N>
  Token required(const char* const (&names)[N], const char* what, const std::string& path) const {
    for (const char* name : names) {
      if (const auto found = numbers_.find(name); found != numbers_.end()) return found->second;
    }
    throw DataError(fmt::format("{}: no token for {}; add a line with one of: {}", path, what,
                                join(std::vector<std::string>(std::begin(names), std::end(names)), ", ")));
  }

  void encode_line(std::string_view line, std::vector<Token>& tokens) const {
    std::size_t at = 0;
    for (std::string_view word = next_word(line, at); !word.empty(); word = next_word(line, at)) {
      const auto found = numbers_.find(word);
      tokens.push_back(found != numbers_.end() ? found->second : unknown_);
    }
  }

  const std::vector<std::string> words_;
  std::unordered_map<std::string_view, Token> numbers_;  // views into words_
  std::string fingerprint_;
  Token unknown_ = 0;
  Token end_of_line_ = 0;
};

}  // namespace

std::unique_ptr<Tokenizer> load_word_tokenizer(const std::string& path) {
  return std::make_unique<WordTokenizer>(read_word_list(path), path);
}

}  // namespace interlock::text
