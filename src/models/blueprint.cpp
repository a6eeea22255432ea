#include "models/blueprint.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/error.h"
#include "common/text.h"
#include "models/freeze.h"
#include "models/layers/registry.h"
#include "models/partition.h"

namespace interlock::models {
namespace {

struct Survey {
  Shape output;
  std::int64_t parameters = 0;
  std::int64_t frozen_parameters = 0;
  int tied_weights = 0;
  std::int64_t activation_elements = 0;
};

// Follows `shape` through a list of layers. Each layer is built (its memory is never touched) and dropped.
Survey survey(const std::vector<config::LayerSpec>& layers, Shape shape, int stage, const std::string& prefix,
              int first, const std::vector<bool>& frozen = {}) {
  Survey result;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const config::LayerSpec& spec = layers[i];
    const LayerPtr layer = make_layer(spec);
    try {
      result.activation_elements += layer->activation_elements(shape);
      shape = layer->output_shape(shape);
    } catch (const ShapeMismatch& mismatch) {
      const bool first_of_stage = prefix == "layers" && i == 0 && stage > 0;
      config::fail(spec.where, fmt::format("{}.{}", prefix, first + static_cast<int>(i)),
                   fmt::format("{} {}{}", spec.kind, mismatch.what(),
                               first_of_stage ? fmt::format(" (from stage {})", stage - 1) : ""));
    }
    if (layer->tied_weight().defined()) ++result.tied_weights;
    for (const auto& parameter : layer->parameters()) {
      result.parameters += parameter.numel();
      if (!frozen.empty() && frozen[i]) result.frozen_parameters += parameter.numel();
    }
  }
  result.output = shape;
  return result;
}

// The output of the last stage and of every head meets the targets.
void check_output(const config::Config& config, const Problem& problem, const Shape& output,
                  const std::string& who) {
  const config::Location where = config.where("model.layers");
  if (config.training.loss == config::LossKind::kMeanSquaredError) {
    if (output != problem.target) {
      config::fail(
          where, who,
          fmt::format("gives {} but the targets are {}", format_shape(output), format_shape(problem.target)));
    }
    return;
  }
  // One score a class, for each target of a sample: [classes], or [T, classes] for T tokens.
  const bool fits = output.size() == problem.target.size() + 1 &&
                    std::equal(problem.target.begin(), problem.target.end(), output.begin());
  if (!fits) {
    Shape wanted = problem.target;
    wanted.push_back(problem.classes);
    config::fail(where, who,
                 fmt::format("gives {}; cross_entropy needs one number a class{}, {}", format_shape(output),
                             problem.target.empty() ? "" : " at each position",
                             problem.target.empty() ? "[classes]" : format_shape(wanted)));
  }
  if (output.back() >= problem.classes) return;
  if (config.data.kind == config::DataKind::kTensors || config.data.kind == config::DataKind::kIdx) {
    throw DataError(fmt::format(
        "{}: targets go up to class {}, but {} has only {} outputs (classes 0 to {}); give it {}, or "
        "correct the targets",
        config.data.path, problem.classes - 1, who, output.back(), output.back() - 1, problem.classes));
  }
  config::fail(where, who,
               fmt::format("gives {} outputs, but the data has {} classes", output.back(), problem.classes));
}

// The first layer's table has an entry for every token of the data.
void check_tokens(const config::Config& config, const Problem& problem,
                  const std::vector<config::LayerSpec>& layers) {
  const config::LayerSpec& first = layers.front();
  if (first.kind != "embedding" && first.kind != "token_embedding") return;
  const std::int64_t entries = first.required_int("entries", 1);
  if (problem.tokens <= entries) return;
  throw DataError(
      fmt::format("{}: inputs hold token {}, but layer 0, {}, has only {} entries (tokens 0 to {})",
                  config.data.path, problem.tokens - 1, first.kind, entries, entries - 1));
}

std::vector<config::LayerSpec> head_of_stage(const config::Config& config, const Problem& problem, int stage,
                                             const Shape& boundary) {
  if (config.learning.heads.empty()) return describe_head(config, boundary, problem);
  const auto index = static_cast<std::size_t>(stage);
  return index < config.learning.heads.size() ? config.learning.heads[index]
                                              : std::vector<config::LayerSpec>{};
}

// Checks the head of a stage if it will be built, or was written by the user, and notes it if it will be
// built.
void survey_head(const config::Config& config, const Problem& problem, bool wanted, StageBlueprint& stage) {
  const bool written_by_user = !config.learning.heads.empty();
  if (!wanted && !written_by_user) return;
  const std::string name = fmt::format("heads.{}", stage.stage);
  const std::vector<config::LayerSpec> head = head_of_stage(config, problem, stage.stage, stage.output);
  if (head.empty()) {
    if (!wanted) return;
    config::fail(config.where("learning.heads"), name,
                 fmt::format("is empty, but loss {} is used at this horizon: it needs a head", stage.stage));
  }
  const Survey surveyed = survey(head, stage.output, stage.stage, name, 0);
  check_output(config, problem, surveyed.output, fmt::format("the head of stage {}", stage.stage));
  if (!wanted) return;
  stage.head = head;
  stage.head_parameters = surveyed.parameters;
  stage.tied_weights += surveyed.tied_weights;
  stage.activation_elements += surveyed.activation_elements;
}

}  // namespace

Blueprint make_blueprint(const config::Config& config, const Problem& problem,
                         const std::vector<bool>& with_head) {
  Blueprint blueprint{problem, describe_network(config, problem), {}};
  const std::vector<config::LayerSpec>& layers = blueprint.network.layers;
  const std::vector<LayerRange> ranges = cut(config, static_cast<int>(layers.size()));
  const std::vector<bool> frozen = frozen_layers(config, blueprint.network);
  INTERLOCK_CHECK(with_head.size() == ranges.size(),
                  fmt::format("{} heads {} stages", with_head.size(), ranges.size()));

  check_tokens(config, problem, layers);
  Shape shape = problem.input;
  for (std::size_t k = 0; k < ranges.size(); ++k) {
    StageBlueprint stage;
    stage.stage = static_cast<int>(k);
    stage.first_layer = ranges[k].first;
    stage.main.assign(layers.begin() + ranges[k].first, layers.begin() + ranges[k].first + ranges[k].count);
    stage.frozen.assign(frozen.begin() + ranges[k].first, frozen.begin() + ranges[k].first + ranges[k].count);
    stage.frozen_tied_weights = frozen.back();
    stage.input = shape;
    stage.integer_input = k == 0 && problem.integer_inputs;
    stage.precision = config.training.precision;
    const Survey main = survey(stage.main, shape, stage.stage, "layers", stage.first_layer, stage.frozen);
    shape = stage.output = main.output;
    stage.main_parameters = main.parameters;
    stage.frozen_parameters = main.frozen_parameters;
    stage.tied_weights = main.tied_weights;
    stage.activation_elements = main.activation_elements;

    const bool last = k + 1 == ranges.size();
    if (!last) survey_head(config, problem, with_head[k], stage);
    blueprint.stages.push_back(std::move(stage));
  }
  check_output(config, problem, shape, "the last layer");
  return blueprint;
}

}  // namespace interlock::models
