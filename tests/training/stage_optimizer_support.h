#pragma once
// Stages with an optimizer and gradients of known length.

#include <cmath>
#include <limits>

#include "support/small_runs.h"
#include "training/stage_optimizer.h"

namespace interlock::training {

inline const double kInfinity = std::numeric_limits<double>::infinity();

// The first of four stages, with its head, and its optimizer.
struct Trained {
  explicit Trained(const std::string& sections, std::uint64_t seed = 1)
      : plan(test::make_plan(std::string(test::kMlp) + test::kFourStages + "learning: {horizon: 1}\n" +
                             sections)),
        stage(plan.blueprint.stages[0], seed),
        optimizer(stage, plan.config) {}

  // Gradients all of one value, so that norms are known.
  void set_gradients(double main, double head) {
    for (const auto& [name, parameter] : stage.main().parameters())
      parameter.mutable_grad() = torch::full_like(parameter, main);
    for (const auto& [name, parameter] : stage.head().parameters())
      parameter.mutable_grad() = torch::full_like(parameter, head);
  }
  // Length of what one step changed, main net and head.
  std::pair<double, double> step(double rate) {
    const test::TensorsByName before = test::copy_tensors(std::vector{stage});
    optimizer.step(rate);
    double main = 0;
    double head = 0;
    for (const auto& [name, tensor] : test::copy_tensors(std::vector{stage})) {
      const double squares = (tensor - before.at(name)).pow(2).sum().item<double>();
      (name.rfind("heads.", 0) == 0 ? head : main) += squares;
    }
    return {std::sqrt(main), std::sqrt(head)};
  }

  RunPlan plan;
  models::Stage stage;
  StageOptimizer optimizer;
};

inline const double kMainSize = std::sqrt(6 * 9 + 9);  // length of a vector of ones over all parameters
inline const double kHeadSize = std::sqrt(9 * 4 + 4);

// A language model in one stage: the embedding and the output layer each hold a copy of the tied matrix.
struct Tied {
  explicit Tied(const std::string& sections)
      : plan(test::make_plan("model: {kind: transformer_lm, blocks: 1, width: 8, attention_heads: 2}\n"
                             "optimizer: {kind: sgd, lr: 1}\n" +
                                 sections,
                             {{5}, {5}, 11, true, 20, 0, "", 11})),
        stage(plan.blueprint.stages[0], 1),
        optimizer(stage, plan.config) {
    for (const auto& [name, parameter] : stage.main().parameters())
      parameter.mutable_grad() = torch::ones_like(parameter);
  }
  RunPlan plan;
  models::Stage stage;
  StageOptimizer optimizer;
};

}  // namespace interlock::training
