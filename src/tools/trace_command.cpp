#include <memory>
#include <string>

#include <fmt/format.h>

#include "tools/commands.h"
#include "trace/merge.h"

namespace interlock::tools {
namespace {

struct Arguments {
  std::string run;
  std::string out;
};

}  // namespace

void add_trace_command(CLI::App& app, cli::Run& run) {
  CLI::App* const command = app.add_subcommand(
      "trace", "put the files that a run's ranks recorded (config section profile) together");
  const auto arguments = std::make_shared<Arguments>();
  command->add_option("RUN", arguments->run, "the run's folder")->required();
  command->add_option("--out", arguments->out, "the file to write (default: RUN/trace.json)");
  command->callback([arguments, &run] {
    run = [arguments] {
      const std::string file = arguments->out.empty() ? arguments->run + "/trace.json" : arguments->out;
      fmt::print("{}", trace::merge_run(arguments->run, file));
      return 0;
    };
  });
}

}  // namespace interlock::tools
