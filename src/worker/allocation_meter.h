#pragma once
// Counts the bytes of tensors that one piece of code on this thread allocates and leaves behind.

#include <cstdint>
#include <functional>

namespace interlock::worker {

// Runs `code`; returns bytes allocated minus bytes freed by it. CPU tensors only; slows allocation a little,
// so measure once and remember.
std::int64_t bytes_kept_by(const std::function<void()>& code);

}  // namespace interlock::worker
