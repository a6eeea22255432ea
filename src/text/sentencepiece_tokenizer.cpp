// Pieces of words as a SentencePiece model has them; its own library does the work.

#include <algorithm>
#include <sentencepiece_processor.h>

#include <fmt/format.h>

#include "common/error.h"
#include "common/files.h"
#include "common/path_advice.h"
#include "text/checksum.h"
#include "text/tokenizer.h"

namespace interlock::text {
namespace {

class SentencePieceTokenizer : public Tokenizer {
 public:
  explicit SentencePieceTokenizer(const std::string& path) {
    std::string model;
    std::string reason;
    if (!read_file(path, model, reason))
      throw DataError(
          fmt::format("data.vocabulary: {}: cannot read: {}{}", path, reason, advice_on_missing(path)));
    const auto status = processor_.LoadFromSerializedProto(model);
    if (!status.ok() || processor_.GetPieceSize() < 1) {
      throw DataError(fmt::format("{}: no SentencePiece model ({}); see data.vocabulary", path,
                                  status.ok() ? "it is empty" : status.message()));
    }
    if (processor_.eos_id() < 0) {
      throw DataError(
          fmt::format("{}: this SentencePiece model has no end-of-sentence piece, which ends a "
                      "line; train it with --eos_id=2, not -1",
                      path));
    }
    fingerprint_ = Checksum().add("sentencepiece").add(model).hex();
  }

  [[nodiscard]] std::int64_t size() const override { return processor_.GetPieceSize(); }

  void encode(std::string_view text, std::vector<Token>& tokens) const override {
    std::vector<int> pieces;
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      const auto status = processor_.Encode(text.substr(begin, end - begin), &pieces);
      if (!status.ok()) throw DataError(fmt::format("SentencePiece cannot encode: {}", status.message()));
      tokens.insert(tokens.end(), pieces.begin(), pieces.end());
      if (end < text.size()) tokens.push_back(end_of_line());
      begin = end + 1;
    }
  }

  [[nodiscard]] std::string decode(const std::vector<Token>& tokens) const override {
    check(tokens);
    std::string text;
    auto begin = tokens.begin();
    while (begin != tokens.end()) {
      const auto end = std::find(begin, tokens.end(), end_of_line());
      std::string line;
      const auto status = processor_.Decode(std::vector<int>(begin, end), &line);
      if (!status.ok()) throw DataError(fmt::format("SentencePiece cannot decode: {}", status.message()));
      text += line;
      begin = end;
      if (end != tokens.end()) {
        text.push_back('\n');
        ++begin;
      }
    }
    return text;
  }

  [[nodiscard]] Token end_of_line() const override { return processor_.eos_id(); }
  [[nodiscard]] std::string fingerprint() const override { return fingerprint_; }

 private:
  sentencepiece::SentencePieceProcessor processor_;
  std::string fingerprint_;
};

}  // namespace

std::unique_ptr<Tokenizer> load_sentencepiece_tokenizer(const std::string& path) {
  return std::make_unique<SentencePieceTokenizer>(path);
}

}  // namespace interlock::text
