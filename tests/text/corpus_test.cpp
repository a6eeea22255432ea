#include "text/corpus.h"

#include <algorithm>

#include "common/error.h"
#include "text/text_reader.h"
#include "text/text_support.h"

namespace interlock::text {
namespace {

using Catch::Matchers::Contains;
using test::message_of;
using test::TempFolder;
using Numbers = std::vector<std::int64_t>;

CorpusSettings settings_of(const TempFolder& folder, TokenKind kind,
                           Sequences sequences = Sequences::kStream) {
  CorpusSettings settings;
  settings.tokenizer.kind = kind;
  settings.tokenizer.path = folder.path_of("text");
  settings.tokenizer.cache = folder.path_of("cache");
  settings.sequences = sequences;
  return settings;
}

Numbers tokens_of(const TextPart& part) {
  Numbers tokens(static_cast<std::size_t>(part.tokens()));
  part.file->read(part.begin, part.tokens(), tokens.data());
  return tokens;
}

Numbers line_of(const TextPart& part, std::int64_t number) {
  const std::int64_t first = part.file->line_start(part.lines.line(number));
  Numbers tokens(static_cast<std::size_t>(part.file->line_start(part.lines.line(number) + 1) - first));
  part.file->read(first, static_cast<std::int64_t>(tokens.size()), tokens.data());
  return tokens;
}

std::string text_of(const Corpus& corpus, const Numbers& tokens) {
  return corpus.tokenizer->decode(std::vector<Token>(tokens.begin(), tokens.end()));
}

TEST_CASE("a stream of bytes is the text itself, every line ended") {
  const TempFolder folder;
  folder.write("text", "one\r\n\n two\xFF");
  const Corpus corpus = open_corpus(settings_of(folder, TokenKind::kBytes));
  CHECK(text_of(corpus, tokens_of(corpus.train)) == "one\r\n\n two\xFF\n");
  CHECK_FALSE(corpus.eval);
}

TEST_CASE("lines have their tokens and an end; empty ones are no sample") {
  const TempFolder folder;
  folder.write("text", "a b\n\n   \nc\n");
  CorpusSettings settings = settings_of(folder, TokenKind::kWords, Sequences::kLines);
  settings.tokenizer.vocabulary = folder.write("words", "<unk>\n</s>\na\nb\nc\n");
  const Corpus corpus = open_corpus(settings);
  CHECK(tokens_of(corpus.train) == Numbers{1, 2, 3, 1, 4, 1});
  REQUIRE(corpus.train.lines.size() == 2);
  CHECK(line_of(corpus.train, 0) == Numbers{2, 3, 1});
  CHECK(line_of(corpus.train, 1) == Numbers{4, 1});
  settings.sequences = Sequences::kStream;
  CHECK(tokens_of(open_corpus(settings).train) == Numbers{2, 3, 1, 1, 1, 4, 1});
}

TEST_CASE("lines longer than a piece stay one line, and spaces at the cuts are not lost or doubled") {
  const TempFolder folder;
  std::string line;
  while (line.size() < 3 * kMostPieceBytes) line += "kalomi ter sunba ";
  line += "end";
  folder.write("text", line + "\r\n" + line + "\n");
  for (const TokenKind kind : {TokenKind::kBytes, TokenKind::kWords, TokenKind::kSentencePiece}) {
    CorpusSettings settings = settings_of(folder, kind, Sequences::kLines);
    settings.tokenizer.vocabulary_size = 300;
    const Corpus corpus = open_corpus(settings);
    REQUIRE(corpus.train.lines.size() == 2);
    CHECK(text_of(corpus, line_of(corpus.train, 1)) == line + "\n");
    CHECK(text_of(corpus, line_of(corpus.train, 0)) == line + (kind == TokenKind::kBytes ? "\r\n" : "\n"));
  }
}

TEST_CASE("a vocabulary of more than 65536 words keeps its largest tokens") {
  const TempFolder folder;
  std::string list = "<unk>\n</s>\n";
  for (int i = 2; i < 70'000; ++i) list += "w" + std::to_string(i) + "\n";
  folder.write("text", "w2 w65535 w65536 w69999 w70000\n");
  CorpusSettings settings = settings_of(folder, TokenKind::kWords);
  settings.tokenizer.vocabulary = folder.write("words", list);
  CHECK(tokens_of(open_corpus(settings).train) == Numbers{2, 65535, 65536, 69999, 0, 1});
}

TEST_CASE("a held-out stream is the end of the text, and no other file is looked at") {
  const TempFolder folder;
  folder.write("text", "0123456789012345678\n");
  CorpusSettings settings = settings_of(folder, TokenKind::kBytes);
  settings.eval_path = folder.path_of("none");
  settings.holdout = 0.25;
  const Corpus corpus = open_corpus(settings);
  CHECK(text_of(corpus, tokens_of(corpus.train)) == "012345678901234");
  CHECK(text_of(corpus, tokens_of(*corpus.eval)) == "5678\n");
  settings.holdout = 0;
  CHECK_THAT(message_of<DataError>([&] { open_corpus(settings); }), Contains("none: no such file"));
}

TEST_CASE("held-out lines are drawn from the seed and never trained on") {
  const TempFolder folder;
  std::string text;
  for (int i = 0; i < 40; ++i) text += std::to_string(i) + "\n";
  folder.write("text", text);
  CorpusSettings settings = settings_of(folder, TokenKind::kBytes, Sequences::kLines);
  settings.holdout = 0.3;
  const auto held = [&](std::uint64_t seed) {
    settings.holdout_seed = seed;
    const Corpus corpus = open_corpus(settings);
    CHECK(corpus.train.lines.size() == 28);
    std::vector<Numbers> lines;
    for (std::int64_t i = 0; i < corpus.eval->lines.size(); ++i) lines.push_back(line_of(*corpus.eval, i));
    for (std::int64_t i = 0; i < 28; ++i) {
      CHECK(std::find(lines.begin(), lines.end(), line_of(corpus.train, i)) == lines.end());
    }
    return lines;
  };
  CHECK(held(1).size() == 12);
  CHECK(held(1) == held(1));
  CHECK(held(1) != held(2));
}

TEST_CASE("text to evaluate on is tokenised with the training text's vocabulary") {
  const TempFolder folder;
  folder.write("text", "a a b\n");
  CorpusSettings settings = settings_of(folder, TokenKind::kWords);
  settings.tokenizer.vocabulary_size = 10;
  settings.eval_path = folder.write("eval", "b c a\n");
  const Corpus corpus = open_corpus(settings);
  CHECK(tokens_of(corpus.train) == Numbers{2, 2, 3, 1});
  CHECK(tokens_of(*corpus.eval) == Numbers{3, 0, 2, 1});
}

TEST_CASE("WikiText-2 has the published numbers of tokens") {
  const TempFolder folder;
  if (!test::unpack(folder, "tar -xJf $D/wikitext-2.tar.xz")) return;
  CorpusSettings settings = settings_of(folder, TokenKind::kWords);
  settings.tokenizer.path = folder.path_of("wikitext-2/valid.txt");
  settings.tokenizer.vocabulary_size = 100'000;
  settings.eval_path = folder.path_of("wikitext-2/test.txt");
  const Corpus corpus = open_corpus(settings);
  CHECK(corpus.train.tokens() == 217'646);
  CHECK(corpus.eval->tokens() == 245'569);
}

TEST_CASE("the One Billion Word layout is trained on its shards and evaluated on held-out shard 0") {
  const TempFolder folder;
  const std::string root = "text/1-billion-word-language-modeling-benchmark-r13output/";
  const std::string training = root + "training-monolingual.tokenized.shuffled";
  const std::string heldout = root + "heldout-monolingual.tokenized.shuffled";
  if (!test::unpack(
          folder,
          "mkdir -p " + training + " " + heldout +
              " && xz -dc $D/lm1b-sample/lm1b-heldout-sample.txt.xz > all && head -n 1000 all > " + heldout +
              "/news.en.heldout-00000-of-00050 && tail -n +1001 all > rest" +
              " && split -n l/9 --numeric-suffixes=1 -a 1 rest part && for i in 1 2 3 4 5 6 7 8 9; do" +
              " mv part$i " + training + "/news.en-0000$i-of-00010; done")) {
    return;
  }
  CorpusSettings settings = settings_of(folder, TokenKind::kWords, Sequences::kLines);
  settings.tokenizer.vocabulary_size = 100'000;
  const Corpus corpus = open_corpus(settings);
  CHECK(corpus.train.lines.size() == 5'075);
  CHECK(corpus.eval->lines.size() == 1'000);
  CHECK(corpus.train.tokens() + corpus.eval->tokens() == 159'658 + 2);  // one more end before each first line
  std::filesystem::remove(folder.path_of(training + "/news.en-00004-of-00010"));
  CHECK_THAT(message_of<DataError>([&] { open_corpus(settings); }), Contains("news.en-00004-of-00010"));
}

}  // namespace
}  // namespace interlock::text
