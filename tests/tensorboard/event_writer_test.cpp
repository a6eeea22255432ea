#include "tensorboard/event_writer.h"

#include <algorithm>
#include <filesystem>

#include "support/catch.h"
#include "support/temp_folder.h"

namespace interlock::tensorboard {
namespace {

using test::TempFolder;

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(folder))
    names.push_back(file.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

TEST_CASE("events are in the file as soon as they are written") {
  const TempFolder folder;
  EventWriter writer(folder.path_of("events"));
  const std::vector<std::string> files = files_in(folder.path_of("events"));
  REQUIRE(files.size() == 1);
  CHECK(files[0].rfind("events.out.tfevents.", 0) == 0);
  const std::string path = folder.path_of("events/" + files[0]);
  const std::size_t before = test::content_of(path).size();
  writer.scalars(2, 1, {{"loss", 0.5}});
  CHECK(test::content_of(path).substr(before) == record(scalars_event(2, 1, {{"loss", 0.5}})));
}

TEST_CASE("a later file's name comes after an earlier one's, whatever the clock says") {
  const TempFolder folder;
  folder.write("events.out.tfevents.9999999990.other.1", "");
  EventWriter writer(folder.path());
  const std::vector<std::string> files = files_in(folder.path());
  REQUIRE(files.size() == 2);
  CHECK(files[1].rfind("events.out.tfevents.9999999991.", 0) == 0);
}

TEST_CASE("a folder that cannot be made is no error") {
  const TempFolder folder;
  folder.write("file", "");
  EventWriter writer(folder.path_of("file/events"));
  writer.scalars(2, 1, {{"loss", 0.5}});
  CHECK(files_in(folder.path()).size() == 1);
}

}  // namespace
}  // namespace interlock::tensorboard
