#include "config/action_times.h"

#include <fmt/format.h>

namespace interlock::config {
namespace {

// More than eleven days is a slip, and sums of so much still fit a clock.
constexpr Interval kMilliseconds{0, 1e9};

double read_stage(const YamlNode& item, const std::string& key, std::size_t stage) {
  const bool plain = item.kind == YamlNode::Kind::kScalar && !item.quoted;
  const auto value = plain ? parse_double(item.scalar) : std::nullopt;
  if (!value || !kMilliseconds.contains(*value)) {
    fail_type(item, item_key(key, stage),
              fmt::format("the milliseconds of stage {}, {}", stage, kMilliseconds.text()));
  }
  return *value;
}

std::vector<double> read_milliseconds(const YamlNode& node, const std::string& key) {
  if (node.kind == YamlNode::Kind::kScalar) return {read_double(node, key, kMilliseconds)};
  if (node.kind != YamlNode::Kind::kList) {
    fail_type(node, key, "milliseconds: one number for all stages, or a list of one a stage");
  }
  std::vector<double> values;
  for (const YamlNode& item : node.items) values.push_back(read_stage(item, key, values.size()));
  if (values.empty()) fail(node.where, key, "is empty; wants one number for all stages, or one a stage");
  return values;
}

}  // namespace

const std::array<ActionTimeKey, 6>& action_time_keys() {
  static constexpr std::array<ActionTimeKey, 6> kKeys = {{
      {"forward_ms", &ActionTimes::forward_ms, true},
      {"head_ms", &ActionTimes::head_ms, true},
      {"input_gradient_ms", &ActionTimes::input_gradient_ms, true},
      {"weight_gradient_ms", &ActionTimes::weight_gradient_ms, true},
      {"backward_ms", &ActionTimes::backward_ms, false},
      {"update_ms", &ActionTimes::update_ms, false},
  }};
  return kKeys;
}

ActionTimes read_action_times(const YamlNode& node, const std::string& key, Origins& origins) {
  const Section section(&node, key, origins);
  ActionTimes times;
  for (const ActionTimeKey& action : action_time_keys()) {
    if (const YamlNode* given = section.find(action.name)) {
      times.*action.values = read_milliseconds(*given, section.full(action.name));
    } else if (action.required) {
      fail(node.where, section.full(action.name),
           fmt::format("missing; {} needs forward_ms, head_ms, input_gradient_ms and weight_gradient_ms",
                       key));
    }
  }
  // One backward pass gives both gradients for little more than the weight gradient with its inner chain.
  if (times.backward_ms.empty()) times.backward_ms = times.weight_gradient_ms;
  if (times.update_ms.empty()) times.update_ms = {0};
  return times;
}

}  // namespace interlock::config
