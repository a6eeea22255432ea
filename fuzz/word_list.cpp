// Fuzzes vocabularies of words, and the tokenizer made from one: whatever it encodes are tokens of its own.

#include "text/word_list.h"

#include "reader.h"
#include "text/tokenizer.h"

namespace {

using namespace interlock;

void read(const std::uint8_t* data, std::size_t size) {
  static const fuzz::Folder folder;
  const std::string path = folder.write("words.txt", data, size);
  const std::vector<std::string> words = text::read_word_list(path);
  const std::string written = text::format_word_list(words);
  folder.write("again.txt", reinterpret_cast<const std::uint8_t*>(written.data()), written.size());
  fuzz::require(text::read_word_list(folder.path() + "/again.txt") == words,
                "a list reads back as another one");
  const auto tokenizer = text::load_word_tokenizer(path);
  std::vector<text::Token> tokens;
  tokenizer->encode(fuzz::text_of(data, size), tokens);
  for (const text::Token token : tokens)
    fuzz::require(token >= 0 && token < tokenizer->size(), "a token that is none");
  const std::string decoded = tokenizer->decode(tokens);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_promised_errors([&] { read(data, size); });
}
