#pragma once
// data.kind text: from the config to tokens and back.

#include <memory>
#include <string>

#include "config/config.h"
#include "data/dataset.h"
#include "text/tokenizer.h"

namespace interlock::data {

// Tokenises what has not been tokenised yet; see text/corpus.h. Errors: DataError about text or vocabulary,
// IoError about the cache folder, UsageError where the config does not fit.
DataSource open_text(const config::Config& config);

// The tokenizer of the data alone: reads no text where the vocabulary exists. REQUIRES data.kind text.
// Errors: as above.
std::unique_ptr<text::Tokenizer> open_tokenizer(const config::Config& config);

// The file of its vocabulary, "" for bytes: as data.vocabulary it gives the same tokens again wherever the
// text is. Made first where it must be.
std::string vocabulary_file(const config::Config& config);

}  // namespace interlock::data
