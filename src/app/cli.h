#pragma once

namespace interlock::app {

// The whole program: every command. For programs that bring layers or models of their own, too. Returns the
// exit code; reports every error itself, once.
int run_command_line(int argc, char** argv);

}  // namespace interlock::app
