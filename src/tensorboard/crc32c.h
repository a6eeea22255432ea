#pragma once
// The checksum of event files: CRC-32C (Castagnoli), and masked as records hold it.

#include <cstdint>
#include <string_view>

namespace interlock::tensorboard {

std::uint32_t crc32c(std::string_view bytes);

// Rotated and shifted, so that the checksum of bytes that hold checksums is no special case.
std::uint32_t masked_crc32c(std::string_view bytes);

}  // namespace interlock::tensorboard
