#pragma once
// What was found, as text for people.

#include <string>
#include <vector>

#include "inspect/comparison.h"
#include "inspect/look.h"
#include "inspect/run_facts.h"

namespace interlock::inspect {

std::string describe_run(const RunFacts& facts);

// `every_tensor`: a row a tensor, else a row a layer.
std::string describe_tensors(const TensorSet& set, const std::vector<TensorRow>& rows,
                             const Selection& selection, bool every_tensor);

// Tensors that differ, the largest difference first; at most 20 of them unless `every_tensor`.
std::string describe_comparison(const std::string& left, const std::string& right,
                                const std::vector<TensorComparison>& comparisons, bool every_tensor);

}  // namespace interlock::inspect
