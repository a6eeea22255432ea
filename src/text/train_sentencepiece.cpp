#include <sentencepiece_trainer.h>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>

#include "common/error.h"
#include "common/random.h"
#include "text/made_vocabulary.h"
#include "text/progress.h"
#include "text/text_reader.h"

namespace interlock::text {
namespace {

// The trainer leaves out sentences that are longer than this.
constexpr std::size_t kMostSentenceBytes = 4096;

class Sentences : public sentencepiece::SentenceIterator {
 public:
  explicit Sentences(const std::vector<std::string>& sentences) : sentences_(sentences) {}
  [[nodiscard]] bool done() const override { return at_ == sentences_.size(); }
  void Next() override { ++at_; }
  [[nodiscard]] const std::string& value() const override { return sentences_[at_]; }
  [[nodiscard]] sentencepiece::util::Status status() const override { return {}; }

 private:
  const std::vector<std::string>& sentences_;
  std::size_t at_ = 0;
};

// Each line with the same chance, from a generator that always starts alike.
std::vector<std::string> sample_lines(const TextSource& source, std::uint64_t most_bytes) {
  const double chance = static_cast<double>(most_bytes) / static_cast<double>(source.bytes);
  std::vector<std::string> lines;
  SplitMix64 random(0);
  TextReader reader(source.files, kMostSentenceBytes);
  Progress progress("drawing lines to train SentencePiece on", source.bytes);
  for (Piece piece; reader.next(piece); progress.at(reader.bytes_read())) {
    if (piece.text.empty()) continue;
    if (chance >= 1 || random.uniform() < chance) lines.emplace_back(piece.text);
  }
  return lines;
}

}  // namespace

std::string train_sentencepiece(const TextSource& source, std::int64_t size, std::uint64_t most_bytes) {
  const std::vector<std::string> lines = sample_lines(source, most_bytes);
  const std::unordered_map<std::string, std::string> options = {
      {"model_type", "unigram"},
      {"vocab_size", std::to_string(size)},
      {"hard_vocab_limit", "false"},  // a small text gives a smaller vocabulary instead of an error
      {"byte_fallback", "true"},
      {"normalization_rule_name", "identity"},
      {"remove_extra_whitespaces", "false"},
      {"max_sentence_length", std::to_string(kMostSentenceBytes)},
      {"num_threads",
       "4"},  // fixed: sums are made a thread at a time, so their number shows in the last bits
      {"minloglevel", "2"}};
  Sentences sentences(lines);
  std::string model;
  const auto status = sentencepiece::SentencePieceTrainer::Train(options, &sentences, &model);
  if (!status.ok()) {
    throw UsageError(
        fmt::format("data.vocabulary_size: SentencePiece cannot make {} pieces from this text: {}", size,
                    status.message()));
  }
  return model;
}

}  // namespace interlock::text
