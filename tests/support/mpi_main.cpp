// Runs one Catch2 session on every rank of an MPI job and lets all ranks exit alike: a test that fails on one
// rank fails the job. Ranks other than 0 only print when something failed there.
#include <iostream>
#include <sstream>

#include "comm/agreement.h"
#include "support/catch_session.h"
#include "support/mpi_engine.h"

namespace interlock::testing {
comm::ProgressEngine* g_engine = nullptr;
comm::ProgressEngine& engine() {
  return *g_engine;
}
}  // namespace interlock::testing

int main(int argc, char** argv) {
  interlock::comm::ProgressEngine engine;
  interlock::testing::g_engine = &engine;
  const bool reports = engine.rank() == interlock::kCoordinator;
  std::ostringstream captured;
  std::streambuf* const terminal = std::cout.rdbuf();
  if (!reports) std::cout.rdbuf(captured.rdbuf());
  const int failed = interlock::testing::run_tests(argc, argv);
  std::cout.rdbuf(terminal);
  if (!reports && failed != 0)
    std::cout << "rank " << interlock::index(engine.rank()) << ":\n" << captured.str() << std::flush;
  const auto verdict = interlock::comm::agree(engine, failed == 0 ? 0 : 1, "");
  engine.close();
  return reports ? verdict.exit_code : 0;
}
