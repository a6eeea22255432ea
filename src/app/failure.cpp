#include "app/failure.h"

#include <new>
#include <optional>

#include <c10/util/Exception.h>
#include <fmt/format.h>

#include "device/out_of_memory.h"

namespace interlock::app {
namespace {

constexpr const char* kMemoryHint =
    "out of memory; use more micro-batches (schedule.micro_batches), a smaller batch (training.batch_size) "
    "or more stages";

// LibTorch appends a C++ stack trace to what(); users need the first line.
std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

Failure describe_failure(const std::exception_ptr& thrown, ExitCode unexpected) {
  // Alone, a process without memory is no bug of ours: the config asks for too much.
  const ExitCode no_memory = unexpected == ExitCode::kInternal ? ExitCode::kUsage : unexpected;
  try {
    std::rethrow_exception(thrown);
  } catch (const BrokenInvariant& error) {
    return {unexpected, error.what()};
  } catch (const Error& error) {
    return {error.code(), error.what()};
  } catch (const std::bad_alloc&) {
    return {no_memory, kMemoryHint};
  } catch (const c10::Error& error) {
    if (const std::optional<std::string> memory = device::describe_out_of_memory(error)) {
      return {ExitCode::kUsage, *memory};  // the GPU is as large as it is: the config must change
    }
    const std::string text = first_line(error.what_without_backtrace());
    // LibTorch's CPU allocator throws a plain c10::Error, so its words are all there is to go by.
    bool memory = false;
    for (const char* words : {"not enough memory", "out of memory", "can't allocate memory"}) {
      memory = memory || text.find(words) != std::string::npos;
    }
    if (memory) return {no_memory, fmt::format("{} ({})", kMemoryHint, text)};
    return {unexpected, "LibTorch: " + text};
  } catch (const std::exception& error) {
    return {unexpected, error.what()};
  }
}

}  // namespace interlock::app
