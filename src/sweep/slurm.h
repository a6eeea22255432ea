#pragma once
// A SLURM job array that carries out a sweep: one task a combination.

#include <string>
#include <vector>

#include "sweep/plan.h"

namespace interlock::sweep {

struct SlurmJob {
  std::string program;                 // of interlock
  std::string working_directory;       // that paths in the configs are relative to
  std::vector<std::string> overrides;  // as on the command line
};

// A bash script for sbatch. Every task runs `interlock sweep GRID --only INDEX`.
std::string slurm_script(const SweepPlan& plan, const SlurmJob& job);

// `text` as one word of a shell command.
std::string shell_word(const std::string& text);

}  // namespace interlock::sweep
