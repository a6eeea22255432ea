#include "tensorboard/event.h"

#include <cstdint>
#include <cstring>

#include "support/catch.h"
#include "tensorboard/crc32c.h"

namespace interlock::tensorboard {
namespace {

template <class Number>
Number number_at(const std::string& bytes, std::size_t position) {
  Number number{};
  REQUIRE(position + sizeof(number) <= bytes.size());
  std::memcpy(&number, bytes.data() + position, sizeof(number));
  return number;
}

TEST_CASE("CRC-32C agrees with the published vectors") {
  CHECK(crc32c("") == 0);
  CHECK(crc32c("123456789") == 0xE3069283);
  CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AA);
  CHECK(crc32c(std::string(32, '\xFF')) == 0x62A8AB43);
}

TEST_CASE("the mask of a checksum can be taken off again") {
  for (const char* text : {"", "a", "123456789"}) {
    const std::uint32_t rotated = masked_crc32c(text) - 0xA282EAD8;
    CHECK(((rotated >> 17) | (rotated << 15)) == crc32c(text));
  }
}

TEST_CASE("a record is length, its checksum, the event, its checksum") {
  const std::string event = "any bytes";
  const std::string bytes = record(event);
  REQUIRE(bytes.size() == event.size() + 16);
  CHECK(number_at<std::uint64_t>(bytes, 0) == event.size());
  CHECK(number_at<std::uint32_t>(bytes, 8) == masked_crc32c(bytes.substr(0, 8)));
  CHECK(bytes.substr(12, event.size()) == event);
  CHECK(number_at<std::uint32_t>(bytes, 12 + event.size()) == masked_crc32c(event));
}

TEST_CASE("an event of scalars is the bytes that the protocol buffers say") {
  const std::string event = scalars_event(1.5, 300, {{"a", 2}, {"b/c", -1}});
  std::string expected("\x09\0\0\0\0\0\0\xF8\x3F", 9);  // 1: a double
  expected += "\x10\xAC\x02";                           // 2: 300
  expected += "\x2A\x16";                               // 5: a summary of 22 bytes
  expected += std::string("\x0A\x08\x0A\x01\x61\x15\0\0\0\x40", 10);
  expected += std::string("\x0A\x0A\x0A\x03\x62/\x63\x15\0\0\x80\xBF", 12);
  CHECK(event == expected);
}

TEST_CASE("the first event of a file names the version that has start events") {
  CHECK(version_event(0).find("brain.Event:2") != std::string::npos);
  const std::string start = start_event(0, 7);
  CHECK(start.substr(9) == std::string("\x10\x07\x3A\x02\x08\x01"));
}

}  // namespace
}  // namespace interlock::tensorboard
