#pragma once
// Files of the idx format, made by hand.

#include <cstdint>
#include <string>

namespace interlock::test {

inline std::string big_endian(std::uint32_t number) {
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<char>(number >> shift & 0xffU));
  return bytes;
}

}  // namespace interlock::test
