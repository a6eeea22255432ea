// The main of unit tests.
#include "support/catch_session.h"

int main(int argc, char** argv) {
  return interlock::testing::run_tests(argc, argv);
}
