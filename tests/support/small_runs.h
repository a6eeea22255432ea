#pragma once
// Small training runs in one line, for the folders above models: a plan from a few lines of YAML, batches of
// random samples, and the tensors of stages by name.

#include <map>
#include <string>
#include <vector>

#include <torch/types.h>

#include "models/stage.h"
#include "support/catch.h"
#include "training/schedule_choice.h"

namespace interlock::test {

// A network with weights in every stage of a cut into at most four, and dropout.
inline const char* const kMlp =
    "model: {kind: sequential, layers: [{linear: {in: 6, out: 9}}, relu, {linear: {in: 9, out: 8}}, "
    "tanh, {dropout: {p: 0.2}}, {linear: {in: 8, out: 7}}, {linear: {in: 7, out: 4}}]}\n";
inline const char* const kFourStages = "partition: {layers: [2, 3, 1, 1]}\n";

inline const data::DatasetInfo kVectors{{6}, {}, 4, false, 20, 10};

inline training::RunPlan make_plan(const std::string& yaml, const data::DatasetInfo& info = kVectors) {
  training::RunPlan plan = training::make_run_plan(
      config::parse_config("data: {kind: tensors, path: none}\n" + yaml, "a.yaml", {}), info);
  plan.schedule = training::choose_schedule(plan).schedule;
  return plan;
}

// Micro-batches of random samples with these sizes.
inline std::vector<data::Batch> random_batches(const data::DatasetInfo& info,
                                               const std::vector<std::int64_t>& sizes,
                                               std::uint64_t seed = 5) {
  torch::manual_seed(seed);
  std::vector<data::Batch> batches;
  for (const std::int64_t size : sizes) {
    std::vector<std::int64_t> shape = info.sample_shape;
    shape.insert(shape.begin(), size);
    batches.push_back({torch::randn(shape), torch::randint(info.classes, {size}, torch::kLong)});
  }
  return batches;
}

using TensorsByName = std::map<std::string, at::Tensor>;

// Copies of all parameters and buffers of stages.
template <class Stages>
TensorsByName copy_tensors(const Stages& stages) {
  TensorsByName all;
  for (const models::Stage& stage : stages) {
    for (const auto& [name, tensor] : stage.state()) all[name] = tensor.detach().clone();
  }
  return all;
}

// Copies of all gradients; an undefined tensor where a parameter has none.
template <class Stages>
TensorsByName copy_gradients(const Stages& stages) {
  TensorsByName all;
  for (const models::Stage& stage : stages) {
    for (const auto& [name, tensor] : stage.state()) {
      if (tensor.requires_grad()) all[name] = tensor.grad().defined() ? tensor.grad().clone() : at::Tensor();
    }
  }
  return all;
}

inline bool same(const at::Tensor& a, const at::Tensor& b) {
  return a.defined() == b.defined() && (!a.defined() || a.equal(b));
}

inline void check_same(const TensorsByName& found, const TensorsByName& expected) {
  REQUIRE(found.size() == expected.size());
  for (const auto& [name, tensor] : expected) {
    INFO(name);
    REQUIRE(found.count(name) == 1);
    CHECK(same(found.at(name), tensor));
  }
}

}  // namespace interlock::test
