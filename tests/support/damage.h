#pragma once
// Files damaged at random, the same way every time: for tests that no damage goes unnoticed.

#include <cstdint>
#include <random>
#include <string>

#include <fmt/format.h>

#include "support/catch.h"

namespace interlock::test {

struct Damage {
  enum class Kind { kFlip, kCut };
  Kind kind = Kind::kFlip;
  std::size_t at = 0;   // the byte with a flipped bit, or the length that is left
  std::string content;  // of the damaged file

  [[nodiscard]] std::string text() const {
    return fmt::format("{} at byte {} of the file", kind == Kind::kFlip ? "a bit flipped" : "cut off", at);
  }
};

// check(damage) for `count` copies of `whole`: of each four, three have one bit flipped and one is cut off.
// The places are drawn from [begin, end), all of the file if no end is given.
template <class Check>
void for_random_damage(const std::string& whole, int count, Check&& check, std::size_t begin = 0,
                       std::size_t end = std::string::npos) {
  std::mt19937_64 random(20240607);
  end = std::min(end, whole.size());
  for (int i = 0; i < count; ++i) {
    Damage damage;
    damage.at = begin + random() % (end - begin);
    damage.content = whole;
    if (i % 4 == 3) {
      damage.kind = Damage::Kind::kCut;
      damage.content.resize(damage.at);
    } else {
      damage.content[damage.at] = static_cast<char>(damage.content[damage.at] ^ (1 << random() % 8));
    }
    INFO(damage.text());
    check(damage);
  }
}

// What `read` throws as a DataError, "" where it accepts. Any other error fails the test.
template <class ErrorKind, class Read>
std::string refusal_of(Read&& read) {
  try {
    read();
    return "";
  } catch (const ErrorKind& error) {
    return error.what();
  }
}

}  // namespace interlock::test
