#include "text/tokenizer.h"

#include <fmt/format.h>

#include "common/error.h"
#include "common/log.h"
#include "text/made_vocabulary.h"

namespace interlock::text {
namespace {

std::unique_ptr<Tokenizer> load(TokenKind kind, const std::string& path) {
  return kind == TokenKind::kWords ? load_word_tokenizer(path) : load_sentencepiece_tokenizer(path);
}

}  // namespace

void Tokenizer::check(const std::vector<Token>& tokens) const {
  for (const Token token : tokens) {
    if (token >= 0 && token < size()) continue;
    throw DataError(fmt::format("token {} is outside the vocabulary, which has 0 to {}", token, size() - 1));
  }
}

std::string vocabulary_file(const TokenizerSettings& settings) {
  if (settings.kind == TokenKind::kBytes) return "";
  return settings.vocabulary.empty() ? made_vocabulary(settings) : settings.vocabulary;
}

std::unique_ptr<Tokenizer> make_tokenizer(const TokenizerSettings& settings) {
  if (settings.kind == TokenKind::kBytes) return make_byte_tokenizer();
  const std::string path = vocabulary_file(settings);
  if (!settings.vocabulary.empty()) return load(settings.kind, path);
  try {
    return load(settings.kind, path);
  } catch (const DataError& error) {  // ours, so it can be made again
    log_warning(fmt::format("{}; making this vocabulary again", error.what()));
    return load(settings.kind, made_vocabulary(settings, MakeVocabulary::kAgain));
  }
}

}  // namespace interlock::text
