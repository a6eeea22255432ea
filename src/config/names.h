#pragma once
// The user's names for each enum of config.h, for reading and for writing; the first is what messages list
// first.

#include <string>
#include <utility>
#include <vector>

#include "config/config.h"

namespace interlock::config {

template <class Enum>
using Names = std::vector<std::pair<std::string, Enum>>;

const Names<ModelKind>& model_kinds();
const Names<ResnetBlock>& resnet_blocks();
const Names<ResnetStem>& resnet_stems();
const Names<PositionKind>& position_kinds();
const Names<bool>& balance_kinds();  // of partition.balance_by_cost
const Names<PolicyKind>& policy_kinds();
const Names<MixKind>& mix_kinds();  // without kWeights, which is written as a list
const Names<DataKind>& data_kinds();
const Names<TokenKind>& token_kinds();
const Names<SequenceKind>& sequence_kinds();
const Names<OptimizerKind>& optimizer_kinds();
const Names<LearningRateKind>& learning_rate_kinds();
const Names<LossKind>& loss_kinds();
const Names<DeviceKind>& device_kinds();
const Names<WireType>& wire_types();
const Names<Precision>& precisions();
const Names<ClipScope>& clip_scopes();
const Names<NonfiniteKind>& nonfinite_kinds();
const Names<TransportKind>& transport_kinds();
const Names<BindKind>& bind_kinds();

template <class Enum>
std::vector<std::string> names_only(const Names<Enum>& names) {
  std::vector<std::string> result;
  for (const auto& [name, value] : names) result.push_back(name);
  return result;
}

template <class Enum>
std::string name_of(const Names<Enum>& names, Enum wanted) {
  for (const auto& [name, value] : names) {
    if (value == wanted) return name;
  }
  throw BrokenInvariant("an enum value without a name");
}

}  // namespace interlock::config
