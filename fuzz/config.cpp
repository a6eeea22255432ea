// Fuzzes the config reader: YAML and overrides to a Config. The input is the YAML, then after each zero byte
// an override as the command line takes it. What is accepted must survive being written and read back.

#include "config/config.h"

#include <vector>

#include "reader.h"

namespace {

using interlock::fuzz::require;

void read(const std::string& input) {
  std::vector<std::string> parts(1);
  for (const char c : input) {
    if (c == '\0') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  const std::vector<std::string> overrides(parts.begin() + 1, parts.end());
  const std::string resolved = to_yaml(interlock::config::parse_config(parts[0], "fuzz.yaml", overrides));
  try {
    require(to_yaml(interlock::config::parse_config(resolved, "fuzz.yaml", {})) == resolved,
            "a resolved config reads back as another one");
  } catch (const interlock::UsageError& error) {
    throw std::logic_error(std::string("a resolved config is refused: ") + error.what());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return interlock::fuzz::expect_promised_errors([&] { read(interlock::fuzz::text_of(data, size)); });
}
