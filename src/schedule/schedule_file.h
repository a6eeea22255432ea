#pragma once
// A whole schedule as text: one line a stage, "stage 2: F0 L0 I0@2 W0 U", in order; '#' begins a comment.
// `interlock plan --write` writes it, schedule.file reads it. Round-trips.

#include <string>
#include <vector>

#include "schedule/action.h"
#include "schedule/gradient_rule.h"

namespace interlock::schedule {

std::string to_text(const Schedule& schedule);

// `source` is what messages call the text. Errors: UsageError with source and line.
Schedule parse_schedule(const std::string& text, const std::string& source);

// parse_schedule() and validate(). Errors: UsageError naming rank, action and micro-batch.
Schedule parse_valid_schedule(const std::string& text, const std::string& source, const GradientRule& rule,
                              int micro_batches, const std::vector<int>& in_flight);

}  // namespace interlock::schedule
