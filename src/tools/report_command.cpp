// `report`: one page about one or more runs.

#include <memory>

#include <fmt/format.h>

#include "common/log.h"
#include "common/text.h"
#include "report/report.h"
#include "tools/commands.h"

namespace interlock::tools {
namespace {

int report_command(const report::Request& request) {
  const report::Written written = report::write_report(request);
  fmt::print("report: {} ({}); open it in a browser\n", written.page,
             format_bytes(static_cast<double>(written.bytes)));
  if (request.pictures.empty()) return 0;
  fmt::print("charts: {} in {} as SVG{}\n", written.pictures, request.pictures,
             written.problem.empty() ? " and PNG" : "");
  if (!written.problem.empty()) log_warning(written.problem);
  return 0;
}

}  // namespace

void add_report_command(CLI::App& app, cli::Run& run) {
  const auto request = std::make_shared<report::Request>();
  CLI::App* const command =
      app.add_subcommand("report", "one self-contained HTML page about a run, or about several side by side");
  command->add_option("RUN", request->folders, "folders of runs")->required();
  command->add_option("--out", request->out,
                      "the page to write (default: report.html in the run's folder; for several runs, here)");
  command->add_option("--png", request->pictures, "a folder for every chart as SVG and PNG");
  command->add_option("--names", request->names, "what the runs are called, separated by commas")
      ->delimiter(',');
  command->callback([request, &run] { run = [request] { return report_command(*request); }; });
}

}  // namespace interlock::tools
