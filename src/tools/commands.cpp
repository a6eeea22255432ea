#include "tools/commands.h"

namespace interlock::tools {

const std::vector<cli::AddCommand>& commands() {
  static const std::vector<cli::AddCommand> all = {add_config_command,  add_doctor_command,
                                                   add_inspect_command, add_top_command,
                                                   add_trace_command,   add_report_command};
  return all;
}

}  // namespace interlock::tools
