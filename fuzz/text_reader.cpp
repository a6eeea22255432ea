// Fuzzes the cutting of text into lines and pieces, with pieces so short that long lines are common. No byte
// may be lost, and no piece may be longer than asked for.

#include "text/text_reader.h"

#include "reader.h"
#include "text/tokenizer.h"

namespace {

using namespace interlock;

void read(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return;
  static const fuzz::Folder folder;
  const std::size_t most = 4 + data[0] % 60;
  const std::string path = folder.write("text.txt", data + 1, size - 1);
  text::TextReader reader({path, path}, most);
  std::string joined;
  for (text::Piece piece; reader.next(piece);) {
    fuzz::require(piece.text.size() <= most, "a piece that is too long");
    fuzz::require(piece.ends_line || !piece.text.empty(), "an empty piece within a line");
    joined += piece.text;
    if (piece.ends_line) joined += '\n';
  }
  std::string once = fuzz::text_of(data + 1, size - 1);
  if (!once.empty() && once.back() != '\n') once += '\n';
  fuzz::require(joined == once + once, "text that was lost or made up");
  const auto tokenizer = text::make_byte_tokenizer();
  std::vector<text::Token> tokens;
  tokenizer->encode(once, tokens);
  fuzz::require(tokenizer->decode(tokens) == once, "bytes that do not decode to themselves");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_promised_errors([&] { read(data, size); });
}
