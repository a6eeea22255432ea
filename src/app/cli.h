#pragma once

namespace interlock::app {

// Parses the command line and runs the command. Returns the exit code; reports every error itself, once.
int run_command_line(int argc, char** argv);

}  // namespace interlock::app
