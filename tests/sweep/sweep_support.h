#pragma once
// A folder with a base config, a grid and, where a test wants them, metrics of runs.

#include <string>
#include <vector>

#include "support/catch.h"
#include "support/temp_folder.h"
#include "sweep/plan.h"

namespace interlock::sweep {

inline constexpr const char* kBase = "data: {kind: shapes}\npartition: {stages: 2}\n";

struct Sandbox {
  test::TempFolder folder;

  explicit Sandbox(const std::string& grid, const std::string& base = kBase) {
    folder.write("base.yaml", base);
    folder.write("grid.yaml", grid);
  }
  [[nodiscard]] Grid grid(const std::vector<std::string>& overrides = {}) const {
    return read_grid(folder.path_of("grid.yaml"), overrides);
  }
  // Its folder is <folder>/sweep.
  [[nodiscard]] SweepPlan plan(std::vector<std::string> overrides = {}) const {
    overrides.push_back("dir=" + folder.path_of("sweep"));
    return plan_sweep(grid(overrides));
  }
};

inline std::vector<std::string> names_of(const SweepPlan& plan) {
  std::vector<std::string> names;
  for (const SweepRun& run : plan.runs) names.push_back(run.name);
  return names;
}

}  // namespace interlock::sweep
