#include "models/weights.h"

#include <cstdio>
#include <set>

#include <fmt/format.h>
#include <torch/types.h>

#include "common/error.h"
#include "common/text.h"

namespace interlock::models {
namespace {

// Splits "layers.12.conv1.weight" into 12 and "conv1.weight"; false for other names.
bool split_layer_name(const std::string& name, int& layer, std::string& rest) {
  int used = 0;
  if (std::sscanf(name.c_str(), "layers.%d.%n", &layer, &used) != 1 || used == 0) return false;
  rest = name.substr(static_cast<std::size_t>(used));
  return !rest.empty();
}

void refuse_strangers(const Stage& stage, const Blueprint& blueprint, const storage::TensorFile& file,
                      const std::string& path) {
  std::set<std::string> own;
  for (const auto& [name, tensor] : stage.state()) own.insert(name);
  const int first = stage.blueprint().first_layer;
  const int count = static_cast<int>(stage.blueprint().main.size());
  const int total = static_cast<int>(blueprint.network.layers.size());
  for (const auto& [name, tensor] : file.tensors) {
    if (name.rfind("heads.", 0) == 0) continue;  // heads of other cuts may be there
    int layer = 0;
    std::string rest;
    const bool is_layer = split_layer_name(name, layer, rest);
    const bool elsewhere =
        is_layer && 0 <= layer && layer < total && (layer < first || layer >= first + count);
    if (!elsewhere && own.count(name) == 0) {
      throw DataError(fmt::format(
          "{}: tensor '{}' belongs to no layer of this network ({} layers; names are layers.<i>.<param> "
          "and heads.<k>.<j>.<param>)",
          path, name, total));
    }
  }
}

void load_sequence(const LayerSequence& sequence, const storage::TensorFile& file, const std::string& path) {
  for (const auto& [name, parameter] : sequence.parameters()) {
    const at::Tensor* found = file.find(name);
    if (found == nullptr)
      throw DataError(
          fmt::format("{}: tensor '{}' {} is missing", path, name, format_shape(parameter.sizes().vec())));
    copy_tensor(parameter, *found, name, path);
  }
  for (const auto& [name, buffer] : sequence.buffers()) {
    if (const at::Tensor* found = file.find(name)) copy_tensor(buffer, *found, name, path);
  }
}

}  // namespace

void copy_tensor(const at::Tensor& target, const at::Tensor& source, const std::string& name,
                 const std::string& path) {
  const bool kinds_match = target.is_floating_point() == source.is_floating_point();
  if (target.sizes() != source.sizes() || !kinds_match) {
    throw DataError(fmt::format("{}: tensor '{}' is {} {}, expected {} {}", path, name,
                                c10::toString(source.scalar_type()), format_shape(source.sizes().vec()),
                                c10::toString(target.scalar_type()), format_shape(target.sizes().vec())));
  }
  const at::NoGradGuard no_grad;
  target.copy_(source);
}

std::string load_weights(const Stage& stage, const Blueprint& blueprint, const storage::TensorFile& file,
                         const std::string& path) {
  refuse_strangers(stage, blueprint, file, path);
  load_sequence(stage.main(), file, path);
  if (!stage.has_head() || stage.head().parameters().empty()) return "";
  if (file.find(stage.head().parameters().front().first) == nullptr) {
    return fmt::format("{} has no head for stage {}: it starts from random weights", path, stage.number());
  }
  load_sequence(stage.head(), file, path);
  return "";
}

std::string torchvision_name(const Network& network, const std::string& name) {
  int layer = 0;
  std::string rest;
  if (!split_layer_name(name, layer, rest)) return "";
  return network.torchvision_prefixes.at(static_cast<std::size_t>(layer)) + rest;
}

}  // namespace interlock::models
