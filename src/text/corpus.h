#pragma once
// A text to train on and one to evaluate on, as tokens: the folder's front door. No torch, no config.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "text/line_choice.h"
#include "text/token_cache.h"
#include "text/token_file.h"
#include "text/tokenizer.h"

namespace interlock::text {

struct CorpusSettings {
  TokenizerSettings tokenizer;  // its path is the training text, its cache keeps the tokens too
  Sequences sequences = Sequences::kStream;
  std::string eval_path;  // "" = what belongs to the training text, see find_heldout_text()
  // Above 0, this fraction of the training text is evaluated on instead and no other file is opened: the last
  // tokens of a stream, lines drawn from holdout_seed.
  double holdout = 0;
  std::uint64_t holdout_seed = 0;
};

// What one data set draws from: tokens begin .. end-1 of a stream, or some lines.
struct TextPart {
  std::shared_ptr<const TokenFile> file;
  std::int64_t begin = 0;
  std::int64_t end = 0;
  LineChoice lines = LineChoice::all(0);

  [[nodiscard]] std::int64_t tokens() const { return end - begin; }
};

struct Corpus {
  std::unique_ptr<Tokenizer> tokenizer;
  TextPart train;
  std::optional<TextPart> eval;
};

// Errors: those of make_tokenizer(), find_text() and open_tokens().
Corpus open_corpus(const CorpusSettings& settings);

}  // namespace interlock::text
