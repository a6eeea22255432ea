#pragma once
// Vocabularies made from the training text, once, and kept in the cache folder under a name that says what
// they were made from.

#include <string>

#include "text/text_source.h"
#include "text/tokenizer.h"

namespace interlock::text {

enum class MakeVocabulary { kIfMissing, kAgain };

// The file's path. REQUIRES a kind with a vocabulary. Errors: those of vocabulary_file().
std::string made_vocabulary(const TokenizerSettings& settings,
                            MakeVocabulary when = MakeVocabulary::kIfMissing);

// A word list: the `size` - 2 most frequent words, equally frequent ones by their bytes, behind <unk> and
// </s>. Counts are exact up to `most_counted` different words; then the rarest are forgotten.
// REQUIRES size >= 3.
std::string count_words(const TextSource& source, std::int64_t size, std::size_t most_counted = 8'000'000);

// A SentencePiece model: unigram, bytes for what it lacks, text kept as it is, so that decoding gives it
// back. Trained on lines drawn evenly from all of the text, about `most_bytes` of them; the same text gives
// the same model. Errors: UsageError where `size` does not fit the text.
std::string train_sentencepiece(const TextSource& source, std::int64_t size,
                                std::uint64_t most_bytes = 32 << 20);

}  // namespace interlock::text
