#pragma once
// The text form of a program: actions separated by blanks, "F<m> L<m> I<m>@<l> W<m> B<m>@<l> U";
// "I<m>@<l>-<n>" stacks losses l to n. Round-trips.

#include <string>

#include "schedule/action.h"

namespace interlock::schedule {

std::string to_text(const Action& action);
std::string to_text(const StageProgram& program);

// Errors: UsageError that quotes the entry.
StageProgram parse_program(const std::string& text);

// For messages: the rank that runs the stage where no stage has replicas.
int rank_without_replicas(int stage);

}  // namespace interlock::schedule
