#pragma once
// The command line: a list of commands, each of which adds its own options. No torch, no MPI.

#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/failure.h"

namespace interlock::cli {

// What the command that was named does; returns the exit code or throws.
using Run = std::function<int()>;

// Adds one command with its options to `app`. Parsing that command's name sets `run`, which owns the
// arguments.
using AddCommand = void (*)(CLI::App& app, Run& run);

// What a command that is about one config takes.
struct ConfigArguments {
  std::string config;                  // a config file, or a run's folder (then its config.yaml)
  std::vector<std::string> overrides;  // key.path=value
  [[nodiscard]] std::string config_file() const;
};
void add_config(CLI::App& command, ConfigArguments& arguments);

// Parses the command line and runs the command. Returns the exit code; reports every error itself, once.
int run_command_line(int argc, char** argv, const std::vector<AddCommand>& commands,
                     const DescribeFailure& describe = describe_failure);

}  // namespace interlock::cli
