#include "text/checksum.h"

#include <fmt/format.h>
#include <xxhash.h>

namespace interlock::text {

struct Checksum::State {
  State() { XXH3_128bits_reset(&hash); }
  XXH3_state_t hash;
};

Checksum::Checksum() : state_(std::make_unique<State>()) {}
Checksum::~Checksum() = default;

void Checksum::update(const void* bytes, std::size_t count) {
  XXH3_128bits_update(&state_->hash, bytes, count);
}

Checksum& Checksum::add(std::string_view part) {
  add(part.size());
  update(part.data(), part.size());
  return *this;
}

Checksum& Checksum::add(std::uint64_t number) {
  update(&number, sizeof number);
  return *this;
}

Checksum::Value Checksum::value() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(&state_->hash);
  return {hash.high64, hash.low64};
}

std::string Checksum::hex() const {
  const Value halves = value();
  return fmt::format("{:016x}{:016x}", halves[0], halves[1]);
}

}  // namespace interlock::text
