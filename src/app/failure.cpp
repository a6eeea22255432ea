#include "app/failure.h"

#include <optional>

#include <c10/util/Exception.h>

#include "common/text.h"
#include "device/out_of_memory.h"

namespace interlock::app {

Failure describe_failure(const std::exception_ptr& thrown, ExitCode unexpected) {
  try {
    std::rethrow_exception(thrown);
  } catch (const c10::Error& error) {
    if (const std::optional<std::string> memory = device::describe_out_of_memory(error)) {
      return {ExitCode::kUsage, *memory};  // the GPU is as large as it is: the config must change
    }
    // LibTorch appends a C++ stack trace to what(); users need the first line.
    const std::string text = first_line(error.what_without_backtrace());
    // LibTorch's CPU allocator throws a plain c10::Error, so its words are all there is to go by.
    for (const char* words : {"not enough memory", "out of memory", "can't allocate memory"}) {
      if (text.find(words) != std::string::npos) return cli::no_memory(unexpected, text);
    }
    return {unexpected, "LibTorch: " + text};
  } catch (...) {
    return cli::describe_failure(thrown, unexpected);
  }
}

}  // namespace interlock::app
