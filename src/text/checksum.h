#pragma once
// XXH3-128 of bytes that arrive in pieces: for damage, and for telling things apart by their content.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace interlock::text {

class Checksum {
 public:
  using Value = std::array<std::uint64_t, 2>;  // high and low half

  Checksum();
  ~Checksum();
  Checksum(const Checksum&) = delete;
  Checksum& operator=(const Checksum&) = delete;

  void update(const void* bytes, std::size_t count);

  // Parts of a fingerprint, each with its length, so that ("ab", "c") is not ("a", "bc").
  Checksum& add(std::string_view part);
  Checksum& add(std::uint64_t number);

  [[nodiscard]] Value value() const;
  [[nodiscard]] std::string hex() const;  // 32 digits

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace interlock::text
