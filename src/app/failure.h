#pragma once
// What cli/failure.h says, with LibTorch's exceptions in words of ours; and failures that ranks agree on.

#include "cli/failure.h"

namespace interlock::app {

using cli::Failure;

Failure describe_failure(const std::exception_ptr& thrown, ExitCode unexpected);

// A failure that all ranks have agreed on: only the rank that should report it does.
class AgreedFailure : public Error {
 public:
  AgreedFailure(ExitCode code, const std::string& message) : Error(code, message) {}
};

}  // namespace interlock::app
