#pragma once
// The commands that need LibTorch, one file each: options, and what it does. A command returns an exit code
// or throws an Error.

#include <memory>

#include "cli/command_line.h"

namespace interlock::app {

using cli::ConfigArguments;

void add_train_command(CLI::App& app, cli::Run& run);
void add_eval_command(CLI::App& app, cli::Run& run);
void add_verify_command(CLI::App& app, cli::Run& run);
void add_check_command(CLI::App& app, cli::Run& run);
void add_export_command(CLI::App& app, cli::Run& run);
void add_generate_command(CLI::App& app, cli::Run& run);
void add_profile_command(CLI::App& app, cli::Run& run);
void add_plan_command(CLI::App& app, cli::Run& run);
void add_sweep_command(CLI::App& app, cli::Run& run);
void add_completion_command(CLI::App& app, cli::Run& run);
void add_doctor_ping_command(CLI::App& app, cli::Run& run);

// Shared with the single-process trainer.
struct TrainArguments : ConfigArguments {
  bool single_process = false;
  std::string resume;  // "", auto, sound, none or a checkpoint's folder: app/resume.h
};
struct EvalArguments : ConfigArguments {
  std::string checkpoint;  // "": the newest of the run
};

}  // namespace interlock::app
