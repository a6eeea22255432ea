#include "data/open_text.h"

#include <utility>

#include <fmt/format.h>

#include "common/error.h"
#include "data/text_dataset.h"
#include "text/corpus.h"

namespace interlock::data {
namespace {

text::TokenKind kind_of(config::TokenKind kind) {
  switch (kind) {
    case config::TokenKind::kWords:
      return text::TokenKind::kWords;
    case config::TokenKind::kSentencePiece:
      return text::TokenKind::kSentencePiece;
    default:
      return text::TokenKind::kBytes;
  }
}

text::TokenizerSettings tokenizer_settings(const config::DataConfig& data) {
  return {kind_of(data.tokens), data.vocabulary, data.vocabulary_size, data.path, data.cache};
}

text::CorpusSettings corpus_settings(const config::DataConfig& data) {
  text::CorpusSettings settings;
  settings.tokenizer = tokenizer_settings(data);
  settings.sequences =
      data.sequences == config::SequenceKind::kLines ? text::Sequences::kLines : text::Sequences::kStream;
  settings.eval_path = data.eval_path;
  settings.holdout = data.holdout;
  settings.holdout_seed = data.holdout_seed;
  return settings;
}

// Samples of a part of the text, and at least one.
std::unique_ptr<Dataset> samples_of(const config::Config& config, text::TextPart part, bool training) {
  const config::DataConfig& data = config.data;
  const std::int64_t limit = training ? data.limit : data.eval_limit;
  const std::int64_t tokens = part.tokens();
  std::unique_ptr<Dataset> samples;
  if (data.sequences == config::SequenceKind::kLines) {
    samples = std::make_unique<LineDataset>(std::move(part), data.context, limit);
  } else {
    samples = std::make_unique<StreamDataset>(
        std::move(part), data.context,
        training ? StreamDataset::Shift::kEveryEpoch : StreamDataset::Shift::kNone, config.training.seed,
        limit);
  }
  if (samples->size() > 0) return samples;
  const char* what = training ? "train on" : "evaluate on";
  if (data.sequences == config::SequenceKind::kLines) {
    throw DataError(fmt::format("{}: no line to {}; see data.holdout, data.eval_path", data.path, what));
  }
  config::fail(config.where("data.context"), "data.context",
               fmt::format("there are {} tokens to {}, too few for one sample; at {} tokens a sample it "
                           "takes {}: lower data.context, or give "
                           "more text",
                           tokens, what, data.context, training ? 2 * data.context : data.context + 1));
}

}  // namespace

DataSource open_text(const config::Config& config) {
  if (config.training.loss != config::LossKind::kCrossEntropy) {
    config::fail(config.where("training.loss"), "training.loss",
                 "the targets of text are token numbers, which need cross_entropy");
  }
  text::Corpus corpus = text::open_corpus(corpus_settings(config.data));
  DataSource source;
  source.info.sample_shape = {config.data.context};
  source.info.target_shape = {config.data.context};
  source.info.classes = corpus.tokenizer->size();
  source.info.integer_inputs = true;
  source.info.vocabulary = corpus.tokenizer->fingerprint();
  source.train = samples_of(config, std::move(corpus.train), true);
  if (corpus.eval) source.eval = samples_of(config, std::move(*corpus.eval), false);
  return source;
}

std::unique_ptr<text::Tokenizer> open_tokenizer(const config::Config& config) {
  return text::make_tokenizer(tokenizer_settings(config.data));
}

std::string vocabulary_file(const config::Config& config) {
  return text::vocabulary_file(tokenizer_settings(config.data));
}

}  // namespace interlock::data
