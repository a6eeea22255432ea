#pragma once
#include "comm/progress_engine.h"

namespace interlock::testing {

// The engine of this rank, made by mpi_main.cpp for the whole session. An assertion that fails on one rank
// must not leave another in a receive: checks come after the exchange.
comm::ProgressEngine& engine();

}  // namespace interlock::testing
