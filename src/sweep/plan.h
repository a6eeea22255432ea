#pragma once
// A grid resolved: every combination with its name, its complete config and its place on disk, checked before
// anything is started.

#include <string>
#include <vector>

#include "config/config.h"
#include "sweep/grid.h"

namespace interlock::sweep {

// Where the parts of one run lie; paths as the program and its runs see them, from the same working
// directory.
struct RunFiles {
  std::string folder;   // <dir>/<name>: the run's own, with metrics.jsonl and checkpoints
  std::string config;   // <dir>/configs/<name>.yaml: resolved; what `interlock train` is given
  std::string log;      // <dir>/logs/<name>.txt: output of all attempts; locked while one is under way
  std::string failure;  // <dir>/failures/<name>.json: how the last attempt failed, where it did
};

struct SweepRun {
  int index = 0;  // from 0: --only, and the task of a job array
  std::string name;
  std::vector<Setting> settings;
  config::Config config;
  std::string yaml;  // the same, written out
  int ranks = 1;     // processes; 1 for a single process
  RunFiles files;
};

struct SweepPlan {
  Grid grid;
  std::vector<std::string> columns;  // swept keys in the order of the grid, in short
  std::vector<std::string> keys;     // the same in full
  std::vector<SweepRun> runs;
  std::string validation;  // on what samples runs are compared, in words
};

// Every combination, loaded and validated. Decides what runs are validated on (see docs/sweep.md): never on
// the data set's own evaluation files. Touches nothing on disk. Errors: UsageError that names the place in
// the grid and the run.
SweepPlan plan_sweep(const Grid& grid);

// The settings of all combinations, in order: the list varies slowest, then the axes from the first to the
// last.
std::vector<std::vector<Setting>> combinations(const Grid& grid);

// The files of a run called `name` in a sweep's folder.
RunFiles files_of(const std::string& dir, const std::string& name);

}  // namespace interlock::sweep
