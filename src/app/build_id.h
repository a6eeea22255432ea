#pragma once
// Which build of the program this is.

#include <string>

namespace interlock::app {

// The linker's build id in hexadecimal digits; without one, a number made from the program file's bytes.
// Equal for the same program on all hosts.
std::string build_id();

}  // namespace interlock::app
