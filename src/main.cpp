#include "app/cli.h"
#include "common/memory.h"

int main(int argc, char** argv) {
  interlock::keep_freed_memory();
  return interlock::app::run_command_line(argc, argv);
}
