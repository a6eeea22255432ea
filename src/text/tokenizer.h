#pragma once
// Text to token numbers and back. No torch.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace interlock::text {

using Token = std::int32_t;

// Thread-compatible: const members may be called from several threads.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  [[nodiscard]] virtual std::int64_t size() const = 0;  // tokens are 0 .. size()-1

  // Appends the tokens of a piece of text; a '\n' in it becomes end_of_line().
  virtual void encode(std::string_view text, std::vector<Token>& tokens) const = 0;

  // Errors: DataError for a token that is none.
  [[nodiscard]] virtual std::string decode(const std::vector<Token>& tokens) const = 0;

  // Stands between lines (documents), and before the first token of each where lines are samples.
  [[nodiscard]] virtual Token end_of_line() const = 0;

  // Checksum of everything that gives a token its meaning, as hexadecimal text.
  [[nodiscard]] virtual std::string fingerprint() const = 0;

 protected:
  // DataError unless all are tokens of this vocabulary.
  void check(const std::vector<Token>& tokens) const;
};

enum class TokenKind { kBytes, kWords, kSentencePiece };

struct TokenizerSettings {
  TokenKind kind = TokenKind::kBytes;
  std::string vocabulary;  // words: a word a line; sentencepiece: a model; "" = made from the text
  std::int64_t vocabulary_size = 8000;  // of one that is made, at most
  std::string path;                     // training text; only read where a vocabulary must be made
  std::string cache;                    // where one that is made is kept; "" = the user's cache folder
};

// The vocabulary's file, made first where it must be and is not there yet; "" for bytes. With it as
// settings.vocabulary the same tokenizer is had again without the training text.
// Errors: DataError about the text, IoError about the cache folder, UsageError where the size does not fit.
std::string vocabulary_file(const TokenizerSettings& settings);

// Errors: those of vocabulary_file(), and DataError with file and line where a vocabulary is no good.
std::unique_ptr<Tokenizer> make_tokenizer(const TokenizerSettings& settings);

// One kind each; `path` is the vocabulary's file.
std::unique_ptr<Tokenizer> make_byte_tokenizer();
std::unique_ptr<Tokenizer> load_word_tokenizer(const std::string& path);
std::unique_ptr<Tokenizer> load_sentencepiece_tokenizer(const std::string& path);

}  // namespace interlock::text
