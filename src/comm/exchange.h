#pragma once
// A few words that ranks tell each other before tensors can travel; among workers, without the coordinator.

#include <string>
#include <vector>

#include "comm/progress_engine.h"

namespace interlock::comm {

// Collective over `group` (this rank in it, in the same order on all): everyone gets what each handed in, in
// the group's order. Over MPI's data communicator, by way of the group's first rank.
std::vector<std::string> exchange(ProgressEngine& engine, const std::vector<Rank>& group,
                                  const std::string& own);

}  // namespace interlock::comm
