#include "app/cli.h"

#include "app/commands.h"
#include "app/failure.h"
#include "common/memory.h"
#include "tools/commands.h"

namespace interlock::app {

int run_command_line(int argc, char** argv) {
  keep_freed_memory();
  std::vector<cli::AddCommand> commands = {
      add_train_command,  add_eval_command,       add_verify_command,     add_check_command,
      add_export_command, add_generate_command,   add_profile_command,    add_plan_command,
      add_sweep_command,  add_completion_command, add_doctor_ping_command};
  commands.insert(commands.end(), tools::commands().begin(), tools::commands().end());
  return cli::run_command_line(argc, argv, commands, describe_failure);
}

}  // namespace interlock::app
