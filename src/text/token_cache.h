#pragma once
// Token files of texts, made when first asked for and found again afterwards.

#include <memory>
#include <string>

#include "text/text_source.h"
#include "text/token_file.h"
#include "text/tokenizer.h"

namespace interlock::text {

// kStream: all tokens in order, end_of_line() after each line. kLines: the same without lines that have no
// token, one end_of_line() before the first, and where each line starts.
enum class Sequences { kStream, kLines };

// The tokens of `source` from the cache folder, tokenised first where they are not there; a damaged file is
// replaced, with a warning. `kind` is the tokenizer's.
// Errors: DataError about the text; IoError about the folder, naming data.cache.
std::shared_ptr<const TokenFile> open_tokens(const TextSource& source, const Tokenizer& tokenizer,
                                             TokenKind kind, Sequences sequences, const std::string& cache);

}  // namespace interlock::text
