#pragma once
// The grammar of a safetensors header: JSON to structs, with everything refused that the format does not
// know. Split from safetensors_header.h, which checks what the numbers mean.

#include <string>

#include "storage/safetensors_header.h"

namespace interlock::storage {

// The entries in the order of the text; offsets and shapes are as written, not yet checked against each
// other. Errors: DataError with the byte, for text that is no JSON, a name or key given twice, an unknown key
// or dtype, a value of the wrong kind, metadata that are not strings.
SafetensorsHeader parse_safetensors_json(const std::string& path, const std::string& text);

}  // namespace interlock::storage
