#include "models/extension.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "common/error.h"
#include "models/layers/registry.h"
#include "models/registered.h"

namespace interlock::models {
namespace {

struct Registered {
  std::map<std::string, MakeLayer> layers;
  std::map<std::string, MakeLayers> models;
};

Registered& registered() {
  static Registered all;
  return all;
}

void check_name(const std::string& name) {
  constexpr const char* kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  if (name.empty() || name.find_first_not_of(kAllowed) != std::string::npos) {
    throw UsageError(fmt::format(
        "'{}' cannot be registered as a layer or model: a name has letters, digits and _ only", name));
  }
  const std::vector<std::string> taken = layer_names();
  if (std::find(taken.begin(), taken.end(), name) != taken.end())
    throw UsageError(
        fmt::format("a layer or model '{}' is there already; register yours by another name", name));
}

}  // namespace

void register_layer(const std::string& name, MakeLayer make) {
  check_name(name);
  registered().layers[name] = std::move(make);
}

void register_model(const std::string& name, MakeLayers make) {
  check_name(name);
  registered().models[name] = std::move(make);
}

const MakeLayer* find_registered_layer(const std::string& name) {
  const auto found = registered().layers.find(name);
  return found == registered().layers.end() ? nullptr : &found->second;
}

bool is_registered_model(const std::string& name) {
  return registered().models.count(name) > 0;
}

std::vector<std::string> registered_names() {
  std::vector<std::string> names;
  for (const auto& [name, make] : registered().layers) names.push_back(name);
  for (const auto& [name, make] : registered().models) names.push_back(name);
  return names;
}

std::vector<config::LayerSpec> expand_models(const std::vector<config::LayerSpec>& layers,
                                             const Problem& problem) {
  std::vector<config::LayerSpec> all;
  for (const config::LayerSpec& spec : layers) {
    const auto model = registered().models.find(spec.kind);
    if (model == registered().models.end()) {
      all.push_back(spec);
      continue;
    }
    for (config::LayerSpec& layer : model->second(spec, problem)) {
      layer.where = spec.where;
      for (config::LayerArgument& argument : layer.arguments) argument.where = spec.where;
      all.push_back(std::move(layer));
    }
  }
  return all;
}

}  // namespace interlock::models
