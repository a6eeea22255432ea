#include <limits>

#include <fmt/format.h>

#include "config/layer_list.h"
#include "config/sections.h"

namespace interlock::config {
namespace {

int read_horizon(const YamlNode& node, const std::string& key) {
  const std::vector<std::string> names = {"all", "local", "pairwise", "end_to_end"};
  constexpr int kValues[] = {kHorizonAll, 1, 2, kHorizonAll};
  if (node.kind != YamlNode::Kind::kScalar) fail_type(node, key, "a whole number, 1 or more, or all");
  if (parse_double(node.scalar)) {
    return static_cast<int>(read_int(node, key, 1, std::numeric_limits<int>::max()));
  }
  return kValues[read_choice(node, key, names)];
}

void read_mix(const YamlNode& node, const std::string& key, LearningConfig& learning) {
  if (node.kind != YamlNode::Kind::kList) {
    if (node.kind != YamlNode::Kind::kScalar)
      fail_type(node, key, "farthest, sum, mean or a list of weights");
    learning.mix = mix_kinds()[read_choice(node, key, names_only(mix_kinds()))].second;
    return;
  }
  learning.mix = MixKind::kWeights;
  learning.mix_weights = read_doubles(node, key, kNotNegative);
  if (!learning.mix_weights.empty() && learning.mix_weights[0] == 0) {
    fail(node.items[0].where, item_key(key, 0),
         "the first weight must be above 0: it is the weight of a stage's own loss, and the last stage has "
         "no other");
  }
}

}  // namespace

LearningConfig read_learning(const Section& section) {
  LearningConfig learning;
  if (const YamlNode* horizon = section.find("horizon")) {
    learning.horizon = read_horizon(*horizon, section.full("horizon"));
  }
  if (const YamlNode* mix = section.find("mix")) read_mix(*mix, section.full("mix"), learning);
  const YamlNode* head = section.find("head");
  const YamlNode* heads = section.find("heads");
  if (head != nullptr && heads != nullptr) {
    fail(head->where, section.full("head"),
         fmt::format("given together with learning.heads ({}); give one of them", heads->where.text()));
  }
  if (head != nullptr) {
    if (head->kind != YamlNode::Kind::kScalar) {
      fail_type(*head, section.full("head"), "text such as linear (layer lists are given in learning.heads)");
    }
    learning.head = read_text(*head, section.full("head"));
    if (learning.head.empty())
      fail(head->where, section.full("head"), "is empty; the simplest head is linear");
  }
  if (heads != nullptr) learning.heads = read_heads(*heads, section.full("heads"));
  section.read("train_all_heads", learning.train_all_heads);
  return learning;
}

}  // namespace interlock::config
