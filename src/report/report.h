#pragma once
// `interlock report`: one page about one or more runs.

#include <string>
#include <vector>

namespace interlock::report {

struct Request {
  std::vector<std::string> folders;  // of runs, at least one
  std::vector<std::string> names;    // for them, or none
  std::string out;                   // "": <run>/report.html, or report.html here for several
  std::string pictures;              // a folder for the charts as SVG and PNG; "": none
};

struct Written {
  std::string page;
  std::size_t bytes = 0;
  std::size_t pictures = 0;  // charts that were written as files
  std::string problem;       // why they are SVG only; "" where nothing is amiss
};

// Reads the runs and writes the files. Errors: as load_run() and name_runs(); IoError.
Written write_report(const Request& request);

}  // namespace interlock::report
