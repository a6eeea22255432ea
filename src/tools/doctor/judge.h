#pragma once
// What to make of the facts: what is too little, and what to do about it. Pure functions of the facts, so
// that a test can give them any machine.

#include <map>
#include <string>
#include <vector>

#include "tools/doctor/finding.h"
#include "tools/doctor/gpus.h"
#include "tools/doctor/libraries.h"
#include "tools/doctor/system_facts.h"

namespace interlock::tools {

// Environment variables that matter, by name; those not set are absent.
using Environment = std::map<std::string, std::string>;

void judge_machine(const Machine& machine, std::vector<Finding>& findings);
void judge_limits(const Limits& limits, std::vector<Finding>& findings);
// `shm`: /dev/shm. `scope`: ptrace_scope().
void judge_shared_memory(const Space& shm, bool single_copy, int scope, std::vector<Finding>& findings);
// Where runs and checkpoints, tokenised text, and Open MPI's session go.
void judge_space(const Space& here, const Space& cache, const Space& temporary,
                 std::vector<Finding>& findings);
// `libraries`: nothing is known of CUDA where they could not be asked.
void judge_gpus(const Gpus& gpus, const Libraries& libraries, const Environment& environment,
                std::vector<Finding>& findings);

void judge_job(const Environment& environment, std::vector<Finding>& findings);

}  // namespace interlock::tools
