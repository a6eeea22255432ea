// What `interlock config keys` and completion say comes from docs/config.md; here it is held against the
// readers.

#include "config/reference.h"

#include <algorithm>

#include "config/keys.h"
#include "config_support.h"

namespace interlock::config {
namespace {

// Refused for its value, not because something else is missing or does not go with it?
bool refused_as_a_value(const std::string& setting) {
  try {
    parse("partition: {stages: 4}", {setting});
  } catch (const UsageError& refusal) {
    const std::string message = refusal.what();
    for (const char* words : {"did you mean", "valid are", "wants"}) {
      if (message.find(words) != std::string::npos) return true;
    }
  }
  return false;
}

}  // namespace

TEST_CASE("the reference has every key once, with type and default", "[config]") {
  std::vector<std::string> names;
  for (const KeyReference& key : reference()) {
    CHECK_FALSE(key.type.empty());
    CHECK_FALSE(key.standard.empty());
    CHECK(key.type.find('`') == std::string::npos);
    CHECK(key.meaning.find("](") == std::string::npos);
    names.push_back(key.key);
  }
  for (const std::string& section : section_names()) {
    for (const std::string& key : keys_of(section))
      CHECK(std::count(names.begin(), names.end(), section + "." + key) == 1);
  }
  CHECK(std::count(names.begin(), names.end(), "run.simulated.head_ms") == 1);
}

TEST_CASE("every value that the reference names is one that its key takes", "[config]") {
  int values = 0;
  for (const KeyReference& key : reference()) {
    for (const std::string& value : key.values) {
      INFO(key.key << "=" << value);
      CHECK_FALSE(refused_as_a_value(key.key + "=" + value));
      ++values;
    }
  }
  CHECK(values > 60);
  CHECK(refused_as_a_value("data.kind=nonsense"));
}

TEST_CASE("the defaults that the reference gives are the ones that keys have", "[config]") {
  int compared = 0;
  for (const KeyReference& key : reference()) {
    const bool plain = key.standard.find_first_of(" ;(") == std::string::npos && key.standard != "none";
    if (!plain) continue;
    INFO(key.key << "=" << key.standard);
    std::string given;
    try {
      given = to_yaml(parse("{}", {key.key + "=" + key.standard}));
    } catch (const UsageError&) {
      continue;  // it has no meaning with the other defaults
    }
    CHECK(given == to_yaml(parse("{}")));
    ++compared;
  }
  CHECK(compared > 40);
}

}  // namespace interlock::config
