#include <algorithm>

#include <fmt/format.h>

#include "common/error.h"
#include "text/made_vocabulary.h"
#include "text/text_support.h"
#include "text/word_list.h"

namespace interlock::text {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using test::content_of;
using test::encode;
using test::message_of;
using test::TempFolder;

TokenizerSettings settings_of(const TempFolder& folder, TokenKind kind, std::int64_t size) {
  TokenizerSettings settings;
  settings.kind = kind;
  settings.vocabulary_size = size;
  settings.path = folder.path_of("text");
  settings.cache = folder.path_of("cache");
  return settings;
}

TEST_CASE("a word vocabulary has the most frequent words, ties by word, behind <unk> and </s>") {
  const TempFolder folder;
  const TextSource source = find_text(folder.write("text", "b c a b </s>\nd b <unk> a e\nd f\n<unk>"));
  CHECK(count_words(source, 100) == "<unk>\n</s>\nb\na\nd\nc\ne\nf\n");
  CHECK(count_words(source, 5) == "<unk>\n</s>\nb\na\nd\n");
}

TEST_CASE("frequent words keep their rank when counts are bounded") {
  const TempFolder folder;
  std::string text;
  for (int i = 0; i < 3000; ++i) text += fmt::format("often rare{} {}\n", i, i % 3 == 0 ? "some" : "often");
  const TextSource source = find_text(folder.write("text", text));
  CHECK(count_words(source, 4, 100) == "<unk>\n</s>\noften\nsome\n");
  const std::string counted = count_words(source, 5000, 100);
  CHECK(std::count(counted.begin(), counted.end(), '\n') <= 2 + 100 + 3);  // looked at after a line
}

TEST_CASE("a vocabulary is made once and found again") {
  const TempFolder folder;
  folder.write("text", test::made_up_text(500));
  for (const TokenKind kind : {TokenKind::kWords, TokenKind::kSentencePiece}) {
    const TokenizerSettings settings = settings_of(folder, kind, 350);
    const std::string path = vocabulary_file(settings);
    const std::string made = content_of(path);
    const auto time = fs::last_write_time(path);
    const auto tokenizer = make_tokenizer(settings);
    CHECK(vocabulary_file(settings) == path);
    CHECK(fs::last_write_time(path) == time);
    CHECK(vocabulary_file(settings_of(folder, kind, 340)) != path);

    TokenizerSettings given = settings;
    given.vocabulary = path;
    given.path = "";
    CHECK(make_tokenizer(given)->fingerprint() == tokenizer->fingerprint());
    fs::remove(path);
    CHECK(content_of(vocabulary_file(settings)) == made);
  }
}

TEST_CASE("a vocabulary of another text has another name") {
  const TempFolder folder;
  folder.write("text", "one two three\n");
  const TokenizerSettings settings = settings_of(folder, TokenKind::kWords, 10);
  const std::string path = vocabulary_file(settings);
  folder.write("text", "one two three four\n");
  CHECK(vocabulary_file(settings) != path);
  CHECK(make_tokenizer(settings)->size() == 6);
}

TEST_CASE("a damaged vocabulary of our own is made again, one of the user's is refused") {
  const TempFolder folder;
  folder.write("text", "one two three\n");
  TokenizerSettings settings = settings_of(folder, TokenKind::kWords, 10);
  const std::string path = vocabulary_file(settings);
  const std::string made = content_of(path);
  fs::resize_file(path, 3);
  CHECK(make_tokenizer(settings)->size() == 5);
  CHECK(content_of(path) == made);
  settings.vocabulary = folder.write("mine", "one\ntwo\n");
  CHECK_THAT(message_of<DataError>([&] { make_tokenizer(settings); }),
             Contains("/mine: no token for unknown words"));
}

TEST_CASE("a word list is read back as it was written") {
  const TempFolder folder;
  const std::vector<std::string> words = {"<unk>", "</s>", "a", "1", "ä", "\xC2\xA0"};
  CHECK(read_word_list(folder.write("words", format_word_list(words))) == words);
}

TEST_CASE("SentencePiece takes WikiText apart and puts it together again") {
  const TempFolder folder;
  if (!test::unpack(folder, "tar -xJf $D/wikitext-2.tar.xz")) return;
  const std::string text = content_of(folder.path_of("wikitext-2/valid.txt"));
  const auto pieces = load_sentencepiece_tokenizer(folder.write(
      "a.model", train_sentencepiece(find_text(folder.path_of("wikitext-2/valid.txt")), 2000, 300'000)));
  CHECK(pieces->decode(encode(*pieces, text)) == text);
}

}  // namespace
}  // namespace interlock::text
