#pragma once
// Catch2's session, for the mains of unit_main.cpp and mpi_main.cpp. Its own code is compiled in one place: that takes as long as
// ten tests.

namespace interlock::testing {

// Runs the tests that the arguments choose. Returns how many failed, or another code that is not 0.
int run_tests(int argc, char** argv);

}  // namespace interlock::testing
