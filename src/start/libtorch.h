#pragma once
// Where the LibTorch is that the full program loads.

#include <string>
#include <vector>

namespace interlock::start {

// Named by users; wins over every other place.
inline constexpr const char* kLibtorchVariable = "INTERLOCK_LIBTORCH";
// Looked at last: where packages expect it, as they hold none.
inline constexpr const char* kLibtorchOfPackages = "/opt/libtorch";

const char* libtorch_release();  // that the full program was built with: "2.11.0"

// What the loader's LD_LIBRARY_PATH must begin with so that `full_program` finds LibTorch and what goes with
// it; nothing where it finds them by itself. Errors: UsageError where there is no LibTorch, or one of another
// release, or one without CUDA for a program with it.
std::vector<std::string> libtorch_folders(const std::string& full_program);

}  // namespace interlock::start
