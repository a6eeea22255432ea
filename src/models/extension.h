#pragma once
// For programs that bring layers and models of their own (docs/install.md, examples/own_layer): they register
// them, then call app::run_command_line(). Configs name them as they name ours, in every command.

#include <functional>
#include <string>
#include <vector>

#include "models/layer.h"
#include "models/network.h"

namespace interlock::models {

// Makes a layer with memory for its weights from the arguments in the config. spec's readers check types and
// ranges and name the place of what is wrong; spec.reject_unknown() belongs there too.
using MakeLayer = std::function<LayerPtr(const config::LayerSpec& spec)>;

// From now on `name` is a layer in model.layers and learning.heads. Before run_command_line(), on one thread.
// Errors: UsageError for a name that is taken, or is not made of letters, digits and '_'.
void register_layer(const std::string& name, MakeLayer make);

// The layers of a model from the arguments in the config and from what the data asks of it.
using MakeLayers =
    std::function<std::vector<config::LayerSpec>(const config::LayerSpec& spec, const Problem& problem)>;

// From now on `name` in model.layers stands for these layers, alone or among others; cuts may fall between
// them. As register_layer() otherwise.
void register_model(const std::string& name, MakeLayers make);

}  // namespace interlock::models
