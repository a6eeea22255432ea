#include "models/weights.h"

#include <cstdio>

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

}  // namespace

void require_same_vocabulary(const std::map<std::string, std::string>& metadata,
                             const std::string& vocabulary, const std::string& path) {
  const auto found = metadata.find(kVocabulary);
  if (found == metadata.end() || found->second.empty() || vocabulary.empty()) return;
  if (found->second == vocabulary) return;
  throw DataError(fmt::format(
      "{}: was trained with another vocabulary ({}) than the data's ({}), so its token numbers mean "
      "other words; use the data.tokens and data.vocabulary that it was trained with",
      path, found->second, vocabulary));
}

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

std::string torchvision_name(const Network& network, const std::string& name) {
  int layer = 0;
  std::string rest;
  if (!split_layer_name(name, layer, rest)) return "";
  return network.torchvision_prefixes.at(static_cast<std::size_t>(layer)) + rest;
}

}  // namespace interlock::models
