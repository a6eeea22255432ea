// Configs damaged at random. A config is text that people edit, without a checksum: a flipped bit that makes
// another number or name of it cannot be told. But it is refused with its place, or read as what it then
// says.

#include "config/config_support.h"
#include "support/damage.h"

namespace interlock::config {
namespace {

using Catch::Matchers::StartsWith;

TEST_CASE("a damaged config is refused with its place, or reads back as it was read") {
  int refused = 0;
  for (const std::string& whole : {std::string(kExample), to_yaml(parse(kExample))}) {
    test::for_random_damage(whole, 1000, [&](const test::Damage& damage) {
      std::string resolved;
      const std::string message =
          test::refusal_of<UsageError>([&] { resolved = to_yaml(parse(damage.content)); });
      if (message.empty()) {
        REQUIRE(to_yaml(parse(resolved)) == resolved);
      } else {
        ++refused;
        REQUIRE_THAT(message, StartsWith("configs/a.yaml"));
        REQUIRE(message.find('\n') == std::string::npos);
      }
    });
  }
  CHECK(refused > 1000);
}

}  // namespace
}  // namespace interlock::config
