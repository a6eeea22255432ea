// `interlock-torch`: every command.

#include "app/cli.h"

int main(int argc, char** argv) {
  return interlock::app::run_command_line(argc, argv);
}
