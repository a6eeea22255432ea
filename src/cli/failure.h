#pragma once
// From whatever was thrown to an exit code and one message.

#include <exception>
#include <functional>
#include <string>

#include "common/error.h"

namespace interlock::cli {

struct Failure {
  ExitCode code = ExitCode::kOk;
  std::string message;
  bool transport = false;  // a connection to another rank failed: its fault, perhaps
};

// `unexpected` is the code for exceptions that are no Error of ours (out of memory, a library's, bugs):
// kInternal in a single process, kPeerDied on a rank.
Failure describe_failure(const std::exception_ptr& thrown, ExitCode unexpected);

using DescribeFailure = std::function<Failure(const std::exception_ptr& thrown, ExitCode unexpected)>;

// Where memory ran out: alone, a process without memory is no bug of ours, the config asks for too much.
Failure no_memory(ExitCode unexpected, const std::string& detail = "");

}  // namespace interlock::cli
