#pragma once
// A GPU's memory that ran out, in words that say what to change.

#include <optional>
#include <string>

#include <c10/util/Exception.h>

namespace interlock::device {

// Nothing if the error is another. Looks up the current GPU's figures, if there is one. Never throws.
std::optional<std::string> describe_out_of_memory(const c10::Error& error);

}  // namespace interlock::device
