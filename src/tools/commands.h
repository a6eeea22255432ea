#pragma once
// The commands that look at runs, configs and machines: they need no LibTorch, and are in the small program
// that people start. One file each.

#include <vector>

#include "cli/command_line.h"

namespace interlock::tools {

const std::vector<cli::AddCommand>& commands();

void add_config_command(CLI::App& app, cli::Run& run);
void add_doctor_command(CLI::App& app, cli::Run& run);
void add_inspect_command(CLI::App& app, cli::Run& run);
void add_report_command(CLI::App& app, cli::Run& run);
void add_top_command(CLI::App& app, cli::Run& run);
void add_trace_command(CLI::App& app, cli::Run& run);

}  // namespace interlock::tools
