// A byte is a token: 256 of them, nothing unknown, end of line is '\n' itself.

#include "text/checksum.h"
#include "text/tokenizer.h"

namespace interlock::text {
namespace {

class ByteTokenizer : public Tokenizer {
 public:
  [[nodiscard]] std::int64_t size() const override { return 256; }

  void encode(std::string_view text, std::vector<Token>& tokens) const override {
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    tokens.insert(tokens.end(), bytes, bytes + text.size());
  }

  [[nodiscard]] std::string decode(const std::vector<Token>& tokens) const override {
    check(tokens);
    std::string text;
    text.reserve(tokens.size());
    for (const Token token : tokens) text.push_back(static_cast<char>(token));
    return text;
  }

  [[nodiscard]] Token end_of_line() const override { return '\n'; }
  [[nodiscard]] std::string fingerprint() const override { return Checksum().add("bytes").hex(); }
};

}  // namespace

std::unique_ptr<Tokenizer> make_byte_tokenizer() {
  return std::make_unique<ByteTokenizer>();
}

}  // namespace interlock::text
