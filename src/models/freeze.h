#pragma once
// model.freeze: which layers, and so which stages, do not learn.

#include <vector>

#include "models/network.h"

namespace interlock::models {

// The last layer that has weights: what model.new_classifier starts afresh and all_but_last leaves to learn.
// -1 where no layer has any.
int classifier_layer(const Network& network);

// Of each layer, by its number in the whole network: is it frozen? model.freeze is numbers and ranges of them
// ("0-3,5"), all_but_last, or empty. Errors: UsageError at model.freeze for anything else, for a layer that
// the network does not have, and where one copy of a tied matrix would be frozen and another not.
std::vector<bool> frozen_layers(const config::Config& config, const Network& network);

// Of each stage: has it weights that learn? All true where nothing is frozen, whatever the layers are.
std::vector<bool> learning_stages(const config::Config& config, const Problem& problem);

}  // namespace interlock::models
