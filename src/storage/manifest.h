#pragma once
// The text of a manifest (checkpoint.h), apart from the files it speaks of. No torch.

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "storage/checkpoint.h"

namespace interlock::storage {

std::string format_manifest(const Manifest& manifest);

// `document` as unseal() gives it. Sizes are capped, shards have plain names of their own and numbers make
// sense. Errors: DataError "<path>: <field> must be ...", or that the format is of another version.
Manifest parse_manifest(const std::string& path, const nlohmann::json& document);

}  // namespace interlock::storage
