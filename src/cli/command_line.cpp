#include "cli/command_line.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

#include "cli/mistake.h"
#include "common/launch_rank.h"
#include "common/log.h"
#include "common/version.h"

namespace interlock::cli {
namespace {

constexpr const char* kFooter =
    "A command that takes CONFIG takes any number of key.path=value overrides after it, which win over the "
    "file.\n"
    "Under MPI: mpirun -np RANKS interlock train CONFIG; `interlock plan --ranks CONFIG` prints RANKS.\n"
    "Exit codes: 0 done, 2 command line or config, 3 data or checkpoint, 4 I/O, 5 a rank died, 6 hang, 75 "
    "requeue.";

}  // namespace

std::string ConfigArguments::config_file() const {
  return std::filesystem::is_directory(config) ? config + "/config.yaml" : config;
}

void add_config(CLI::App& command, ConfigArguments& arguments) {
  command.add_option("CONFIG", arguments.config, "a config file, or a run's folder")->required();
  command.add_option("OVERRIDES", arguments.overrides, "key.path=value ...");
}

int run_command_line(int argc, char** argv, const std::vector<AddCommand>& commands,
                     const DescribeFailure& describe) {
  CLI::App app{
      "interlock: trains one deep network cut depthwise into stages, with gradients of a bounded horizon",
      "interlock"};
  app.footer(kFooter);
  app.require_subcommand(1);
  app.set_version_flag("--version", fmt::format("interlock {}", version()));
  Run run;
  for (const AddCommand add : commands) add(app, run);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // --help, --version; said once, however many ranks were started.
    if (error.get_exit_code() == 0) return launch_rank() == 0 ? app.exit(error) : 0;
    if (launch_rank() == 0) log_error(explain_mistake(app, error, argc, argv));
    return static_cast<int>(ExitCode::kUsage);
  }
  try {
    return run();
  } catch (...) {
    const Failure failure = describe(std::current_exception(), ExitCode::kInternal);
    const bool is_full = failure.message.find(std::strerror(ENOSPC)) != std::string::npos;
    log_error(failure.message + (is_full ? "; make room, then start the same command again" : ""));
    return static_cast<int>(failure.code);
  }
}

}  // namespace interlock::cli
