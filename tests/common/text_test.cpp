#include "common/text.h"

#include "support/catch.h"

namespace interlock {
namespace {

const std::vector<std::string> kNames = {"horizon", "momentum", "milestones", "lr"};

TEST_CASE("the nearest name is found through a missing, an extra, a wrong and two swapped letters") {
  CHECK(nearest_name("horzon", kNames) == "horizon");
  CHECK(nearest_name("horizonn", kNames) == "horizon");
  CHECK(nearest_name("momentun", kNames) == "momentum");
  CHECK(nearest_name("mielstones", kNames) == "milestones");
}

TEST_CASE("the nearest of several near names wins, the first of equally near ones") {
  CHECK(nearest_name("conv3d", {"conv1dd", "conv2d", "conv"}) == "conv2d");
  CHECK(nearest_name("conv3d", {"conv2d", "conv1d"}) == "conv2d");
}

TEST_CASE("a name that resembles none has no nearest name") {
  CHECK(nearest_name("scheduler_kind", kNames).empty());
  CHECK(nearest_name("xyz", kNames).empty());
  CHECK(nearest_name("horizon", {}).empty());
}

TEST_CASE("joining puts separators between parts only") {
  CHECK(join({}, ", ").empty());
  CHECK(join({"a"}, ", ") == "a");
  CHECK(join({"a", "", "c"}, ", ") == "a, , c");
}

TEST_CASE("shapes read as lists") {
  CHECK(format_shape({}) == "[]");
  CHECK(format_shape({10}) == "[10]");
  CHECK(format_shape({3, 32, 32}) == "[3, 32, 32]");
}

TEST_CASE("bytes are shown in the largest unit that leaves at least one") {
  CHECK(format_bytes(0) == "0 B");
  CHECK(format_bytes(1023) == "1023 B");
  CHECK(format_bytes(1024) == "1.0 KiB");
  CHECK(format_bytes(1.5 * 1024 * 1024) == "1.5 MiB");
  CHECK(format_bytes(3.25 * 1024 * 1024 * 1024) == "3.2 GiB");
  CHECK(format_bytes(4096.0 * 1024 * 1024 * 1024) == "4096.0 GiB");
}

TEST_CASE("durations are rounded to seconds, and to minutes from an hour on") {
  CHECK(format_duration(0) == "0s");
  CHECK(format_duration(12.4) == "12s");
  CHECK(format_duration(59.6) == "1m00s");
  CHECK(format_duration(185) == "3m05s");
  CHECK(format_duration(3599.7) == "1h00m");
  CHECK(format_duration(3720 + 59) == "1h02m");
  CHECK(format_duration(100 * 3600) == "100h00m");
}

TEST_CASE("no text can leave its place in the markup") {
  CHECK(escape_markup("<b a=\"1\" b='2'>&amp;") == "&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;amp;");
  CHECK(escape_markup(std::string("a\0b\x1b", 4)) == "a b ");
  CHECK(escape_markup("äöü µs") == "äöü µs");
}

}  // namespace
}  // namespace interlock
