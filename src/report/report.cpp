#include "report/report.h"

#include "common/files.h"
#include "report/page.h"
#include "report/pictures.h"

namespace interlock::report {

Written write_report(const Request& request) {
  Comparison comparison;
  for (const std::string& folder : request.folders) comparison.runs.push_back(load_run(folder));
  name_runs(comparison.runs, request.names);
  for (const Run& run : comparison.runs) comparison.summaries.push_back(summarise(run));
  const std::vector<Section> sections = {overview(comparison),       learning_section(comparison),
                                         stages_section(comparison), time_section(comparison),
                                         memory_section(comparison), schedule_section(comparison),
                                         config_section(comparison)};
  Written written;
  written.page = !request.out.empty()  ? request.out
                 : comparison.single() ? comparison.runs.front().folder + "/report.html"
                                       : "report.html";
  const std::string html = page(comparison, sections);
  write_file_atomically(written.page, html);
  written.bytes = html.size();
  if (!request.pictures.empty()) {
    const Pictures pictures = write_pictures(request.pictures, sections);
    written.pictures = pictures.count;
    written.problem = pictures.problem;
  }
  return written;
}

}  // namespace interlock::report
