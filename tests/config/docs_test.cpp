// docs/config.md against the code: it cannot forget a key, nor give an example that is refused.

#include <filesystem>
#include <sstream>

#include "common/files.h"
#include "config/keys.h"
#include "config_support.h"

namespace interlock::config {
namespace {

std::string page() {
  const auto path = std::filesystem::path(__FILE__).parent_path() / ".." / ".." / "docs" / "config.md";
  std::string text;
  std::string reason;
  INFO(path << ": " << reason);
  REQUIRE(read_file(path.string(), text, reason));
  return text;
}

}  // namespace

TEST_CASE("the page on configs has a row for every key and no other", "[config]") {
  const std::string text = page();
  std::size_t keys = 0;
  std::vector<std::string> sections = section_names();
  sections.insert(sections.end(), {"optimizer.schedule", "schedule.link"});
  for (const std::string& section : sections) {
    for (const std::string& key : keys_of(section)) {
      CHECK_THAT(text, Catch::Contains("\n| `" + section + "." + key + "` | "));
      ++keys;
    }
  }
  std::size_t rows = 0;
  for (std::size_t at = text.find("\n| `"); at != std::string::npos; at = text.find("\n| `", at + 1)) {
    const std::string name = text.substr(at + 4, text.find('`', at + 4) - at - 4);
    if (name.find('.') != std::string::npos) ++rows;
  }
  CHECK(rows == keys);
}

TEST_CASE("the page on configs has one table of the action times", "[config]") {
  const std::string text = page();
  CHECK(keys_of("schedule.costs") == keys_of("run.simulated"));
  for (const std::string& key : keys_of("run.simulated")) {
    const std::size_t row = text.find("\n| `" + key + "` | ");
    CHECK(row != std::string::npos);
    CHECK(row == text.rfind("\n| `" + key + "` | "));
  }
}

TEST_CASE("every example on the page on configs is accepted", "[config]") {
  std::istringstream lines(page());
  int examples = 0;
  bool in_block = false;
  std::string block;
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    if (line.rfind("Example: `", 0) == 0) {
      const std::string example = line.substr(10, line.find('`', 10) - 10);
      // The one example that needs a second section says so.
      const bool three = line.find("with three stages") != std::string::npos;
      const std::vector<std::string> extra =
          three ? std::vector<std::string>{"partition.stages=3"} : std::vector<std::string>{};
      CHECK_NOTHROW(parse(example, extra));
      ++examples;
    } else if (line == "```yaml") {
      in_block = true;
      block.clear();
    } else if (in_block && line == "```") {
      in_block = false;
      const bool is_list = block.rfind("layers:", 0) == 0;
      INFO(block);
      if (is_list) {
        std::istringstream inner(block);
        std::string indented;
        for (std::string part; std::getline(inner, part);) indented += "  " + part + "\n";
        CHECK(parse("model:\n" + indented).model.layers.size() == 3);
      } else {
        CHECK_NOTHROW(parse(block));
      }
      ++examples;
    } else if (in_block) {
      block += line + "\n";
    }
  }
  CHECK(examples == 17);
}

}  // namespace interlock::config
