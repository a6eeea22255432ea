#pragma once
// What ranks do and wait for, in words, for the last line of a failed run and its failure.json.

#include <string>
#include <vector>

#include "watch/rank_status.h"

namespace interlock::watch {

// "the coordinator (rank 0)", "rank 3 (stage 1, replica 0)"; "rank 3" before the config is known.
std::string name_of(const Cast& cast, int ranks, int rank);

// "step 12, forward pass of micro-batch 3"; "reading data and building the model".
std::string doing(const Activity& activity, bool coordinator);

// "the activation of micro-batch 3 from rank 1 (stage 0)"; "" where nothing is waited for.
std::string waiting_for(const RankStatus& status, const Cast& cast, int ranks, int rank);

const char* phase_name(Phase phase);
std::string action_name(int action);  // "" for kNothing
std::string signal_name(int signal);  // "SIGKILL"

}  // namespace interlock::watch
