#pragma once
// Vocabularies of words as files: a word a line, its number the line's (from 0).

#include <string>
#include <string_view>
#include <vector>

namespace interlock::text {

inline constexpr const char* kUnknownWord = "<unk>";  // as written into vocabularies of our own
inline constexpr const char* kEndOfLineWord = "</s>";

// Names that a vocabulary may use for these, the first one that it has.
inline constexpr const char* kUnknownWords[] = {"<unk>", "<UNK>"};
inline constexpr const char* kEndOfLineWords[] = {"</S>", "</s>", "<eos>"};

// Also reads lines of a word and its count. Errors: DataError with file and line for anything else, an empty
// line and a word that occurs twice.
std::vector<std::string> read_word_list(const std::string& path);

// Inverse of read_word_list().
std::string format_word_list(const std::vector<std::string>& words);

}  // namespace interlock::text
