#pragma once
// A small JSON file that holds the checksum of its own bytes, so that no changed, cut or lengthened copy of
// it is ever read: the XXH3-128 of the file with zeros for the checksum's 32 digits. No torch.

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace interlock::storage {

inline constexpr int kFormatVersion = 2;  // of every such file

// The file's text: `document`, an object without "checksum", with it. REQUIRES UTF-8 in its strings.
std::string seal(const nlohmann::json& document);

// The document, without "checksum". `path` is for messages. Errors: DataError "<path>: byte <offset>: ..."
// for what is no JSON object, has no checksum, or another one than its bytes have, unless it says
// {"version": 1}: that has no checksum and is returned as it is, for the caller to refuse by its version.
nlohmann::json unseal(const std::string& path, const std::string& text);

// Reads and unseals a regular file of at most `most_bytes`. Errors: as unseal(); DataError where the file
// cannot be read or is larger.
nlohmann::json read_sealed(const std::string& path, std::uint64_t most_bytes);

}  // namespace interlock::storage
