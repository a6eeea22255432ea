#pragma once
// From whatever was thrown to an exit code and one message.

#include <exception>
#include <string>

#include "common/error.h"

namespace interlock::app {

struct Failure {
  ExitCode code = ExitCode::kOk;
  std::string message;
};

// `unexpected` is the code for exceptions that are no Error of ours (out of memory, LibTorch, bugs):
// kInternal in a single process, kPeerDied on a rank.
Failure describe_failure(const std::exception_ptr& thrown, ExitCode unexpected);

// A failure that all ranks have agreed on: only the rank that should report it does.
class AgreedFailure : public Error {
 public:
  AgreedFailure(ExitCode code, const std::string& message) : Error(code, message) {}
};

}  // namespace interlock::app
