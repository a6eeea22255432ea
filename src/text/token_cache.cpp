#include "text/token_cache.h"

#include <filesystem>

#include <fmt/format.h>

#include "common/error.h"
#include "common/log.h"
#include "text/cache_folder.h"
#include "text/checksum.h"
#include "text/progress.h"
#include "text/text_reader.h"
#include "text/token_writer.h"

namespace interlock::text {
namespace {

// What the tokenizer is given of a piece. Bytes stay what they are; to SentencePiece neither the '\r' of a
// foreign line ending nor the space at which a long line is cut is text (words never see either).
std::string_view without_separators(const Piece& piece, TokenKind kind) {
  std::string_view text = piece.text;
  const char separator = piece.ends_line ? '\r' : ' ';
  if (kind != TokenKind::kBytes && !text.empty() && text.back() == separator) text.remove_suffix(1);
  return text;
}

void tokenise(const TextSource& source, const Tokenizer& tokenizer, TokenKind kind, Sequences sequences,
              TokenWriter& writer) {
  const bool lines = sequences == Sequences::kLines;
  TextReader reader(source.files);
  Progress progress(fmt::format("tokenising {}", source.files.front()), source.bytes);
  std::vector<Token> tokens;
  if (lines) writer.append({tokenizer.end_of_line()});
  bool in_line = false;  // some tokens of this line are written
  for (Piece piece; reader.next(piece); progress.at(reader.bytes_read())) {
    tokens.clear();
    tokenizer.encode(without_separators(piece, kind), tokens);
    if (lines && !in_line && !tokens.empty()) writer.start_line();
    in_line = in_line || !tokens.empty();
    if (piece.ends_line) {
      if (!lines || in_line) tokens.push_back(tokenizer.end_of_line());
      in_line = false;
    }
    writer.append(tokens);
  }
}

std::string file_name(const TextSource& source, const std::string& key) {
  return fmt::format("{}-{}.tokens", std::filesystem::path(source.files.front()).filename().string(),
                     key.substr(0, 16));
}

}  // namespace

std::shared_ptr<const TokenFile> open_tokens(const TextSource& source, const Tokenizer& tokenizer,
                                             TokenKind kind, Sequences sequences, const std::string& cache) {
  const std::string key = Checksum()
                              .add(kTokenFileVersion)
                              .add(source.fingerprint)
                              .add(tokenizer.fingerprint())
                              .add(static_cast<std::uint64_t>(sequences))
                              .hex();
  const std::string path = cache_folder(cache) + "/" + file_name(source, key);
  std::string problem;
  std::shared_ptr<const TokenFile> file = TokenFile::open(path, key, problem);
  if (file) return file;
  if (!problem.empty()) log_warning(fmt::format("{}: {}; tokenising the text again", path, problem));
  const auto is_there = [&] { return (file = TokenFile::open(path, key, problem)) != nullptr; };
  build_once(path, is_there, [&](const std::string& target) {
    TokenWriter writer(target, key, tokenizer.size());
    tokenise(source, tokenizer, kind, sequences, writer);
    writer.commit();
  });
  if (!file && !is_there()) {
    throw IoError(fmt::format("{}: damaged as soon as it was written: {}; see data.cache", path, problem));
  }
  return file;
}

}  // namespace interlock::text
