#pragma once
// Everything about every stage that can be known without its weights: layers, head, shapes on each link.
// Every rank makes the same blueprint and then builds its own stage only; layers of other stages are never
// allocated for long.

#include <vector>

#include "config/config.h"
#include "models/network.h"

namespace interlock::models {

struct StageBlueprint {
  int stage = 0;
  int first_layer = 0;
  std::vector<config::LayerSpec> main;
  std::vector<bool> frozen;             // main layers that do not learn; empty: none
  std::vector<config::LayerSpec> head;  // empty where the stage has none
  Shape input;                          // of one sample: the shape on the link from stage - 1
  Shape output;
  bool integer_input = false;                                 // stage 0 of a network on tokens
  config::Precision precision = config::Precision::kFloat32;  // main and head compute in it
  std::int64_t main_parameters = 0;
  std::int64_t head_parameters = 0;
  std::int64_t frozen_parameters = 0;    // of those in main, the ones that do not learn
  bool frozen_tied_weights = false;      // the tied matrix does not learn, nor do a head's copies of it
  int tied_weights = 0;                  // copies of the tied matrix, head included
  std::int64_t activation_elements = 0;  // kept for backward per sample, head included (an estimate)
};

struct Blueprint {
  Problem problem;
  Network network;
  std::vector<StageBlueprint> stages;
};

// `with_head[k]`: does stage k have a head under the learning rule? Heads the user wrote are checked all the
// same. Errors: UsageError naming layer, stage and shapes for whatever does not fit: between layers, between
// stages, in heads, or between the last layer (or a head) and the targets; DataError for labels outside the
// network's classes.
Blueprint make_blueprint(const config::Config& config, const Problem& problem,
                         const std::vector<bool>& with_head);

}  // namespace interlock::models
