#pragma once
// The command lines of a sweep's runs.

#include <string>
#include <vector>

#include "sweep/plan.h"

namespace interlock::sweep {

struct Launcher {
  std::string program;              // of interlock
  std::vector<std::string> mpirun;  // "RANKS PROGRAM ..." follows it
};

// INTERLOCK_MPIRUN (words separated by blanks) where it is set; else the mpirun.sh of the checkout that
// `program` was built in (build/release) or was installed with; else mpirun itself.
Launcher find_launcher(const std::string& program);

// `resume`: go on from the newest checkpoint instead of setting an earlier start aside.
std::vector<std::string> training_command(const Launcher& launcher, Mode mode, const SweepRun& run,
                                          bool resume);

// Evaluates the checkpoint of `step` into <folder>/evaluation, for a run that was stopped just before it
// could.
std::vector<std::string> evaluation_command(const Launcher& launcher, Mode mode, const SweepRun& run,
                                            std::int64_t step);

// Processor cores that a run keeps busy.
int cores_of(const SweepRun& run);
int cores_of_this_machine();  // those that this process may use

}  // namespace interlock::sweep
