#pragma once
// What was found, as JSON for programs (docs/tools.md). Numbers that are none are null.

#include <string>
#include <vector>

#include "config/difference.h"
#include "inspect/comparison.h"
#include "inspect/look.h"
#include "inspect/run_facts.h"

namespace interlock::inspect {

std::string json_of_run(const RunFacts& facts);
std::string json_of_tensors(const TensorSet& set, const std::vector<TensorRow>& rows,
                            const Selection& selection);
std::string json_of_comparison(const std::string& left, const std::string& right,
                               const std::vector<TensorComparison>& comparisons,
                               const std::vector<config::Difference>& configs);

}  // namespace interlock::inspect
