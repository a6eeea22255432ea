#include "sweep/results.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "common/files.h"
#include "config/scalar.h"
#include "sweep/table.h"
#include "sweep/validation.h"

namespace interlock::sweep {

std::string best_config(const SweepPlan& plan, const Outcome& best, std::size_t done) {
  std::vector<std::string> overrides = plan.grid.overrides;
  for (const Setting& setting : best.run->settings) overrides.push_back(setting.override_text());
  overrides.push_back("run.dir=" + config::format_text(plan.grid.dir + "/best"));
  const config::Config as_written = config::load_config(plan.grid.base, overrides);
  for (const std::string& text : final_training(as_written)) overrides.push_back(text);
  return fmt::format(
             "# The best run of {}: {} ({} of {} runs are done).\n"
             "# Validation {} {:.4f} (on {}).\n"
             "# Nothing is held out here: this config trains on all training samples.\n",
             plan.grid.file, best.run->name, done, plan.runs.size(), name_of(plan.grid.score), best.score,
             plan.validation) +
         config::to_yaml(config::load_config(plan.grid.base, overrides));
}

void write_results(const SweepPlan& plan, const std::vector<Outcome>& ranked) {
  const std::string& dir = plan.grid.dir;
  const Table table = make_table(plan, ranked);
  write_file_atomically(dir + "/results.json", as_json(plan, ranked));
  write_file_atomically(dir + "/results.csv", as_csv(table));
  write_file_atomically(dir + "/results.md",
                        fmt::format("# {}\n\nScore: validation {} on {}.\n\n{}", plan.grid.file,
                                    name_of(plan.grid.score), plan.validation, as_markdown(table)));
  if (const Outcome* best = best_of(ranked)) {
    const auto done = std::count_if(ranked.begin(), ranked.end(),
                                    [](const Outcome& outcome) { return outcome.state == State::kDone; });
    write_file_atomically(dir + "/best.yaml", best_config(plan, *best, static_cast<std::size_t>(done)));
  } else {
    std::error_code missing;
    std::filesystem::remove(dir + "/best.yaml", missing);
  }
}

}  // namespace interlock::sweep
