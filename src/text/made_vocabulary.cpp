#include "text/made_vocabulary.h"

#include <filesystem>

#include <fmt/format.h>

#include "common/error.h"
#include "common/files.h"
#include "common/log.h"
#include "text/cache_folder.h"
#include "text/checksum.h"

namespace interlock::text {
namespace {

constexpr std::uint64_t kVersion = 1;  // of how vocabularies are made: another one, another name

}  // namespace

std::string made_vocabulary(const TokenizerSettings& settings, MakeVocabulary when) {
  INTERLOCK_CHECK(settings.kind != TokenKind::kBytes, "bytes have no vocabulary");
  const bool words = settings.kind == TokenKind::kWords;
  const TextSource source = find_text(settings.path);
  const std::string key = Checksum()
                              .add(kVersion)
                              .add(source.fingerprint)
                              .add(static_cast<std::uint64_t>(settings.vocabulary_size))
                              .hex();
  const std::string path =
      fmt::format("{}/{}-{}-{}.{}", cache_folder(settings.cache), words ? "words" : "sentencepiece",
                  settings.vocabulary_size, key.substr(0, 16), words ? "vocabulary" : "model");
  const auto is_there = [&] {
    std::error_code ignored;
    return when == MakeVocabulary::kIfMissing && std::filesystem::exists(path, ignored);
  };
  if (is_there()) return path;
  build_once(path, is_there, [&](const std::string& target) {
    log_info(fmt::format("making a vocabulary from {}: {}", settings.path, path));
    write_file_atomically(target, words ? count_words(source, settings.vocabulary_size)
                                        : train_sentencepiece(source, settings.vocabulary_size));
  });
  return path;
}

}  // namespace interlock::text
