// `interlock-torch`: every command.

#include <cstdio>
#include <iostream>
#include <unistd.h>

#include "app/cli.h"

int main(int argc, char** argv) {
  const int code = interlock::app::run_command_line(argc, argv);
  // LibTorch takes its operators back one by one when a process ends, a quarter of what the shortest commands take; the system
  // does so at once. Nothing of ours is left to destroy here. The sanitizers' reports come at an ordinary end.
  std::cout.flush();
  std::fflush(nullptr);
#ifdef INTERLOCK_SANITIZED
  return code;
#else
  ::_exit(code);
#endif
}
