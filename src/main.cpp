// `interlock`: what needs no LibTorch, and the way to the full program for the rest.

#include <cstring>

#include "cli/command_line.h"
#include "common/log.h"
#include "start/programs.h"
#include "tools/commands.h"

namespace {

using namespace interlock;

bool is_answered_here(const char* word) {
  if (std::strcmp(word, "--version") == 0) return true;
  CLI::App app;
  cli::Run run;
  for (const cli::AddCommand add : tools::commands()) add(app, run);
  const auto named = [word](const CLI::App* command) { return command->get_name() == word; };
  return !app.get_subcommands(named).empty();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && is_answered_here(argv[1])) return cli::run_command_line(argc, argv, tools::commands());
  try {
    start::become_full_program(argv);
  } catch (...) {
    const cli::Failure failure = cli::describe_failure(std::current_exception(), ExitCode::kInternal);
    log_error(failure.message);
    return static_cast<int>(failure.code);
  }
}
