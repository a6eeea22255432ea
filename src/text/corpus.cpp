#include "text/corpus.h"

#include <cmath>
#include <utility>

#include "common/random.h"
#include "text/text_source.h"

namespace interlock::text {
namespace {

TextPart whole(std::shared_ptr<const TokenFile> file) {
  TextPart part;
  part.end = file->tokens();
  part.lines = LineChoice::all(file->lines());
  part.file = std::move(file);
  return part;
}

std::int64_t held_out(std::int64_t total, double fraction) {
  return static_cast<std::int64_t>(std::ceil(static_cast<double>(total) * fraction));
}

// Moves a part of the training text over to evaluation.
void hold_out(const CorpusSettings& settings, Corpus& corpus) {
  TextPart& train = corpus.train;
  corpus.eval = train;
  if (settings.sequences == Sequences::kStream) {
    train.end -= held_out(train.tokens(), settings.holdout);
    corpus.eval->begin = train.end;
    return;
  }
  const std::int64_t total = train.file->lines();
  const std::int64_t count = held_out(total, settings.holdout);
  const std::uint64_t seed =
      derive_seed(settings.holdout_seed, SeedPurpose::kHoldout, {static_cast<std::uint64_t>(total)});
  std::vector<std::int64_t> drawn = draw_lines(total, count, seed);
  train.lines = LineChoice::all_but(total, drawn);
  corpus.eval->lines = LineChoice::only(total, std::move(drawn));
}

std::optional<TextSource> evaluation_text(const CorpusSettings& settings) {
  if (settings.holdout > 0) return std::nullopt;
  return settings.eval_path.empty() ? find_heldout_text(settings.tokenizer.path)
                                    : find_text(settings.eval_path);
}

}  // namespace

Corpus open_corpus(const CorpusSettings& settings) {
  // Everything that may be missing is looked for before anything takes long.
  const TextSource train = find_text(settings.tokenizer.path);
  const std::optional<TextSource> eval = evaluation_text(settings);
  Corpus corpus;
  corpus.tokenizer = make_tokenizer(settings.tokenizer);
  const auto open = [&](const TextSource& source) {
    return whole(open_tokens(source, *corpus.tokenizer, settings.tokenizer.kind, settings.sequences,
                             settings.tokenizer.cache));
  };
  corpus.train = open(train);
  if (eval) corpus.eval = open(*eval);
  if (settings.holdout > 0) hold_out(settings, corpus);
  return corpus;
}

}  // namespace interlock::text
