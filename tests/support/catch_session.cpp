// Compiles Catch2 itself, once for all test programs.
#define CATCH_CONFIG_RUNNER
#include "support/catch_session.h"

#include "support/catch.h"

namespace interlock::testing {

int run_tests(int argc, char** argv) {
  return Catch::Session().run(argc, argv);
}

}  // namespace interlock::testing
