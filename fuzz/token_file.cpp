// Fuzzes token files. Where the first byte is odd, the checksum at the end is made to fit first: a fuzzer
// cannot guess one, and what lies behind that check must be safe all the same.

#include "text/token_file.h"

#include <cstring>
#include <vector>

#include "reader.h"
#include "text/checksum.h"

namespace {

using namespace interlock;

const std::string kKey = "0123456789abcdef0123456789abcdef";

void use(const text::TokenFile& file) {
  std::vector<std::int64_t> tokens(static_cast<std::size_t>(file.tokens()));
  file.read(0, file.tokens(), tokens.data());
  for (std::int64_t line = 0; line < file.lines(); ++line) {
    const std::int64_t start = file.line_start(line);
    file.read(start, file.line_start(line + 1) - start, tokens.data());
  }
}

void read(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return;
  static const fuzz::Folder folder;
  std::vector<std::uint8_t> bytes(data + 1, data + size);
  constexpr std::size_t kSumBytes = sizeof(text::TokenFileTrailer::checksum);
  if (data[0] % 2 == 1 && bytes.size() > kSumBytes) {
    text::Checksum checksum;
    checksum.update(bytes.data(), bytes.size() - kSumBytes);
    const text::Checksum::Value value = checksum.value();
    std::memcpy(bytes.data() + bytes.size() - kSumBytes, value.data(), kSumBytes);
  }
  std::string problem;
  const auto file =
      text::TokenFile::open(folder.write("fuzz.tokens", bytes.data(), bytes.size()), kKey, problem);
  fuzz::require((file != nullptr) == problem.empty(), "a file refused without a reason");
  if (file) use(*file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_promised_errors([&] { read(data, size); });
}
