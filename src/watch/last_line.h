#pragma once
// The last line of a failed job.

#include <string>

namespace interlock::watch {

enum class HandedOver {
  kYes,
  kNoFile,   // nobody takes it: to be printed
  kTooLate,  // another rank has spoken: hosts that lost each other each end the job, and the first counts
};

// For launch scripts, which print the line after all that the launcher has to say, and end with the code:
// both go into the file that the variable INTERLOCK_FAILURE_FILE names.
HandedOver hand_over_last_line(int code, const std::string& line);

// Standard error; in one piece, whatever other threads print.
void print_last_line(const std::string& line);

}  // namespace interlock::watch
