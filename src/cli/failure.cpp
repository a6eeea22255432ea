#include "cli/failure.h"

#include <new>

namespace interlock::cli {

Failure no_memory(ExitCode unexpected, const std::string& detail) {
  const ExitCode code = unexpected == ExitCode::kInternal ? ExitCode::kUsage : unexpected;
  return {code,
          "out of memory; use more micro-batches (schedule.micro_batches), a smaller batch "
          "(training.batch_size) or more stages" +
              (detail.empty() ? "" : " (" + detail + ")")};
}

Failure describe_failure(const std::exception_ptr& thrown, ExitCode unexpected) {
  try {
    std::rethrow_exception(thrown);
  } catch (const BrokenInvariant& error) {
    return {unexpected, error.what()};
  } catch (const PeerError& error) {
    return {error.code(), error.what(), /*transport=*/true};
  } catch (const Error& error) {
    return {error.code(), error.what()};
  } catch (const std::bad_alloc&) {
    return no_memory(unexpected);
  } catch (const std::exception& error) {
    return {unexpected, error.what()};
  }
}

}  // namespace interlock::cli
