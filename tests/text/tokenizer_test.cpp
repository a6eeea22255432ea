#include "text/tokenizer.h"

#include "common/error.h"
#include "text/made_vocabulary.h"
#include "text/text_support.h"

namespace interlock::text {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using test::encode;
using test::message_of;
using test::TempFolder;
using Tokens = std::vector<Token>;

std::unique_ptr<Tokenizer> words_of(const TempFolder& folder, const std::string& list) {
  return load_word_tokenizer(folder.write("words", list));
}

std::string refused_words(const std::string& list) {
  const TempFolder folder;
  return message_of<DataError>([&] { words_of(folder, list); });
}

TEST_CASE("bytes: every byte is its own token and comes back") {
  const auto bytes = make_byte_tokenizer();
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  const Tokens tokens = encode(*bytes, all);
  REQUIRE(tokens.size() == 256);
  for (int byte = 0; byte < 256; ++byte) CHECK(tokens[static_cast<std::size_t>(byte)] == byte);
  CHECK(bytes->decode(tokens) == all);
  CHECK(bytes->size() == 256);
  CHECK(bytes->end_of_line() == '\n');
}

TEST_CASE("words: line numbers are tokens, unknown words are <unk>, line ends are tokens") {
  const TempFolder folder;
  const auto words = words_of(folder, "<unk>\n</s>\nthe\ncat\n");
  CHECK(words->size() == 4);
  CHECK(words->end_of_line() == 1);
  CHECK(encode(*words, "the  cat\tsat") == Tokens{2, 3, 0});
  CHECK(encode(*words, "the cat\nthe\n\n") == Tokens{2, 3, 1, 2, 1, 1});
  CHECK(words->decode({2, 3, 1, 1, 2, 0}) == "the cat\n\nthe <unk>");
  CHECK(encode(*words, words->decode({2, 3, 1, 1, 2, 0, 1})) == Tokens{2, 3, 1, 1, 2, 0, 1});
}

TEST_CASE("words: a list with counts is the same vocabulary, another order is another one") {
  const TempFolder folder;
  const auto plain = words_of(folder, "<S>\n</S>\n<UNK>\nthe\n1999\n");
  const auto counted = words_of(folder, "<S>\t30\n</S> 30\n<UNK> 7\nthe 2000000\n1999 3");
  CHECK(plain->fingerprint() == counted->fingerprint());
  CHECK(plain->end_of_line() == 1);
  CHECK(encode(*counted, "the 1999 moon") == Tokens{3, 4, 2});
  CHECK(words_of(folder, "<S>\n</S>\n<UNK>\n1999\nthe\n")->fingerprint() != plain->fingerprint());
}

TEST_CASE("words: a vocabulary that is none is refused with its line") {
  CHECK_THAT(refused_words("</s>\nthe\n"), Contains("unknown words") && Contains("<unk>, <UNK>"));
  CHECK_THAT(refused_words("<unk>\nthe\n"), Contains("end of a line") && Contains("</S>, </s>, <eos>"));
  CHECK_THAT(refused_words("<unk>\n</s>\nthe\ncat\nthe\n"), Contains("words:5: the word 'the' is in line 3"));
  CHECK_THAT(refused_words("<unk>\n</s>\n\nthe\n"), Contains("words:3: this line is empty"));
  CHECK_THAT(refused_words("<unk>\nOnce upon a time\n"), Contains("words:2:") && Contains("data.vocabulary"));
  CHECK_THAT(message_of<DataError>([] { load_word_tokenizer("/nowhere/words"); }),
             StartsWith("/nowhere/words: cannot open"));
}

TEST_CASE("a token outside the vocabulary is refused by all kinds") {
  const TempFolder folder;
  CHECK_THAT(message_of<DataError>([] {
               static_cast<void>(make_byte_tokenizer()->decode({65, 256}));
             }),
             Contains("token 256") && Contains("0 to 255"));
  const auto words = words_of(folder, "<unk>\n</s>\n");
  CHECK_THROWS_AS(words->decode({-1}), DataError);
  CHECK_THROWS_AS(words->decode({2}), DataError);
}

// A model of made-up text, trained once for all tests.
const std::string& model() {
  static const std::string bytes = [] {
    const TempFolder folder;
    return train_sentencepiece(find_text(folder.write("text", test::made_up_text(3000))), 400);
  }();
  return bytes;
}

TEST_CASE("sentencepiece: the same text gives the same model, to the byte") {
  const TempFolder folder;
  const TextSource source = find_text(folder.write("text", test::made_up_text(3000)));
  CHECK(train_sentencepiece(source, 400) == model());
}

TEST_CASE("sentencepiece: text comes back as it was, also what training never saw") {
  const TempFolder folder;
  const auto pieces = load_sentencepiece_tokenizer(folder.write("a.model", model()));
  CHECK(pieces->size() == 400);
  for (const char* text :
       {"kalomi ter.", " two  spaces ", "Zürich → 東京\tx", "one\ntwo\n\n three", "\n", ""}) {
    CAPTURE(text);
    CHECK(pieces->decode(encode(*pieces, text)) == text);
  }
  CHECK(encode(*pieces, "\n\n") == Tokens{pieces->end_of_line(), pieces->end_of_line()});
  CHECK(encode(*pieces, "kalomi").size() < 6);
  CHECK_THROWS_AS(pieces->decode({400}), DataError);
}

TEST_CASE("sentencepiece: training on a part of the text is bounded and stays the same") {
  const TempFolder folder;
  const TextSource source = find_text(folder.write("text", test::made_up_text(6000)));
  const std::string part = train_sentencepiece(source, 400, source.bytes / 4);
  CHECK(part == train_sentencepiece(source, 400, source.bytes / 4));
  CHECK(part != train_sentencepiece(source, 400));
}

TEST_CASE("sentencepiece: what is no model, and a size that cannot be, are refused") {
  const TempFolder folder;
  const std::string path = folder.write("a.model", "<unk>\n</s>\n");
  CHECK_THAT(message_of<DataError>([&] { load_sentencepiece_tokenizer(path); }),
             StartsWith(path) && Contains("SentencePiece model"));
  folder.write("a.model", "");
  CHECK_THROWS_AS(load_sentencepiece_tokenizer(path), DataError);
  folder.write("a.model", model().substr(0, model().size() / 2));
  CHECK_THROWS_AS(load_sentencepiece_tokenizer(path), DataError);
  CHECK_THROWS_AS(load_sentencepiece_tokenizer(folder.path_of("none")), DataError);
  const TextSource source = find_text(folder.write("text", test::made_up_text(100)));
  CHECK_THAT(message_of<UsageError>([&] { train_sentencepiece(source, 100); }),
             Contains("data.vocabulary_size"));
}

}  // namespace
}  // namespace interlock::text
