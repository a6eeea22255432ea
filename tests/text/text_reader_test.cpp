#include "text/text_reader.h"

#include "common/clock.h"
#include "common/error.h"
#include "text/text_support.h"

namespace interlock::text {
namespace {

using Catch::Matchers::StartsWith;
using test::message_of;
using test::TempFolder;

struct Read {
  std::vector<std::string> pieces;
  std::string joined;  // with '\n' where a piece ends a line
};

Read read_all(const std::vector<std::string>& files, std::size_t most = kMostPieceBytes) {
  Read result;
  TextReader reader(files, most);
  for (Piece piece; reader.next(piece);) {
    result.pieces.emplace_back(piece.text);
    result.joined += piece.text;
    if (piece.ends_line) result.joined += '\n';
  }
  return result;
}

TEST_CASE("lines come as they are, across files, and the last one needs no line end") {
  const TempFolder folder;
  const std::string a = folder.write("a", "one\n\ntwo");
  const std::string b = folder.write("b", "");
  const std::string c = folder.write("c", "three\n");
  CHECK(read_all({a, b, c}).pieces == std::vector<std::string>{"one", "", "two", "three"});
  CHECK(read_all({a, b, c}).joined == "one\n\ntwo\nthree\n");
}

TEST_CASE("a long line is cut behind a space, wherever the blocks of the file end") {
  const TempFolder folder;
  std::string text;
  while (text.size() < 3'000'000) text += "abc defgh ij klmnopqrstu ";
  const Read read = read_all({folder.write("a", text)}, 4096);
  CHECK(read.joined == text + "\n");
  for (std::size_t i = 0; i + 1 < read.pieces.size(); ++i) {
    REQUIRE(read.pieces[i].size() <= 4096);
    REQUIRE(read.pieces[i].back() == ' ');
  }
}

TEST_CASE("without spaces a long line is cut between characters, never within") {
  const TempFolder folder;
  std::string text;
  while (text.size() < 2'500'000) text += "aä東🙂";
  for (const std::size_t most : {4, 5, 1000, 1001, 1002, 1003}) {
    const Read read = read_all({folder.write("a", text)}, most);
    REQUIRE(read.joined == text + "\n");
    for (const std::string& piece : read.pieces) {
      REQUIRE((static_cast<unsigned char>(piece[0]) & 0xC0) != 0x80);
      REQUIRE(piece.size() <= most);
    }
  }
}

TEST_CASE("a line as long as a piece can be is one piece") {
  const TempFolder folder;
  const std::string line(100, 'x');
  CHECK(read_all({folder.write("a", line + "\n" + line)}, 100).pieces ==
        std::vector<std::string>{line, line});
  CHECK(read_all({folder.write("a", line + "y\n")}, 100).pieces == std::vector<std::string>{line, "y"});
}

TEST_CASE("memory does not grow with the file, with lines or without") {
  const TempFolder folder;
  const std::string path = folder.write("a", "");
  std::filesystem::resize_file(path, 200 << 20);  // takes no room on disk
  TextReader reader({path});
  const double before = peak_resident_mebibytes();
  std::uint64_t bytes = 0;
  for (Piece piece; reader.next(piece);) bytes += piece.text.size();
  CHECK(bytes == 200 << 20);
  CHECK(reader.bytes_read() == bytes);
  CHECK(peak_resident_mebibytes() - before < 8);
}

TEST_CASE("a file that cannot be read is refused by name") {
  const TempFolder folder;
  CHECK_THAT(message_of<DataError>([&] { read_all({folder.path_of("none")}); }),
             StartsWith(folder.path_of("none") + ": cannot open"));
  CHECK_THAT(message_of<DataError>([&] { read_all({folder.path()}); }),
             StartsWith(folder.path() + ": cannot read"));
}

}  // namespace
}  // namespace interlock::text
