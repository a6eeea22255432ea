#pragma once
// All ranks agree whether to go on, before and between phases: without it a rank that fails to start would
// leave the others waiting, or be killed before it could say why.

#include <string>

#include "comm/progress_engine.h"

namespace interlock::comm {

struct Verdict {
  int exit_code = 0;  // 0: every rank is fine
  Rank rank{};        // the lowest rank that failed
  std::string message;
};

// Collective over all ranks, in the order of their other control messages: everyone hands in its own exit
// code (0 for fine) and message, everyone gets the verdict. REQUIRES an otherwise quiet control channel.
Verdict agree(ProgressEngine& engine, int exit_code, const std::string& message);

// Collective: every rank gets the payload of `root`. The same requirement.
std::string share(ProgressEngine& engine, Rank root, const std::string& payload);

}  // namespace interlock::comm
