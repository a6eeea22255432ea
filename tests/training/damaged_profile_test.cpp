// Profiles damaged at random: a file of our own making, whose checksum finds whatever changed.

#include "common/error.h"
#include "support/damage.h"
#include "support/temp_folder.h"
#include "training/profile_file.h"

namespace interlock::training {
namespace {

using Catch::Matchers::StartsWith;

TEST_CASE("any flipped bit of a profile and any missing byte is refused with the file's name") {
  const test::TempFolder folder;
  const std::string path = folder.path_of("profile.json");
  Profile profile;
  profile.micro_batch_size = 8;
  profile.cut = {1, 1};
  profile.stages.resize(2);
  profile.layers.resize(2);
  write_profile(path, profile);
  test::for_random_damage(test::content_of(path), 2000, [&](const test::Damage& damage) {
    folder.write("profile.json", damage.content);
    const std::string message = test::refusal_of<DataError>([&] { read_profile(path); });
    REQUIRE_THAT(message, StartsWith(path + ": "));
  });
}

}  // namespace
}  // namespace interlock::training
