#include <algorithm>
#include <limits>
#include <sstream>

#include <fmt/format.h>

#include "common/text.h"
#include "config/sections.h"

namespace interlock::config {
namespace {

constexpr int kMaxStages = 4096;
constexpr int kMaxReplicas = 1024;
constexpr const char* kCounts = "one count of layers a stage, such as [2, 2, rest] or \"2,2,rest\"";

// "2,2,rest" as the nodes of [2, 2, rest], so that both forms share one reader.
std::vector<YamlNode> split_counts(const YamlNode& node) {
  std::vector<YamlNode> items;
  std::istringstream stream(node.scalar + ",");
  for (std::string part; std::getline(stream, part, ',');) {
    YamlNode item;
    item.kind = YamlNode::Kind::kScalar;
    item.scalar = trimmed(part);
    item.where = node.where;
    items.push_back(std::move(item));
  }
  return items;
}

int read_count(const YamlNode& item, const std::string& key, std::size_t stage) {
  if (item.kind == YamlNode::Kind::kScalar && item.scalar == "rest") return kRestOfLayers;
  const auto count = item.kind == YamlNode::Kind::kScalar ? parse_int(item.scalar) : std::nullopt;
  if (!count || *count > std::numeric_limits<int>::max()) fail_type(item, key, "a count of layers, or rest");
  if (*count < 1) {
    fail(item.where, key,
         fmt::format("the cut leaves stage {} empty (count {}); each stage needs 1 layer or more", stage,
                     *count));
  }
  return static_cast<int>(*count);
}

std::vector<int> read_counts(const YamlNode& node, const std::string& key) {
  const bool is_list = node.kind == YamlNode::Kind::kList;
  if (!is_list && (node.kind != YamlNode::Kind::kScalar || trimmed(node.scalar).empty()))
    fail_type(node, key, kCounts);
  const std::vector<YamlNode> items = is_list ? node.items : split_counts(node);
  std::vector<int> counts;
  for (const YamlNode& item : items)
    counts.push_back(read_count(item, item_key(key, counts.size()), counts.size()));
  if (counts.empty()) fail(node.where, key, fmt::format("is empty; wants {}", kCounts));
  if (counts.size() > kMaxStages) {
    fail(node.where, key,
         fmt::format("has {} counts; at most {} stages are possible", counts.size(), kMaxStages));
  }
  if (std::count(counts.begin(), counts.end(), kRestOfLayers) > 1) {
    fail(node.where, key, "has rest more than once; only one stage can take what the others leave");
  }
  return counts;
}

void read_balance(const Section& section, const YamlNode* layers, PartitionConfig& partition) {
  section.read("balance", partition.balance_by_cost, balance_kinds());
  if (!partition.balance_by_cost) return;
  if (layers != nullptr) {
    fail(
        section.where("balance"), section.full("balance"),
        fmt::format("auto is given together with partition.layers ({}), which is the cut already; remove one",
                    layers->where.text()));
  }
  if (!section.has("stages")) {
    fail(section.where("balance"), section.full("balance"),
         "auto needs partition.stages, the number of stages to cut the network into");
  }
}

void read_replicas(const Section& section, PartitionConfig& partition) {
  section.read("sync_batch_norm", partition.sync_batch_norm);
  const YamlNode* node = section.find("replicas");
  if (node == nullptr) return;
  const std::string key = section.full("replicas");
  partition.replicas.clear();
  if (node->kind != YamlNode::Kind::kList) {
    partition.replicas.push_back(static_cast<int>(read_int(*node, key, 1, kMaxReplicas)));
    return;
  }
  for (const std::int64_t count : read_ints(*node, key, 1, kMaxReplicas)) {
    partition.replicas.push_back(static_cast<int>(count));
  }
  if (partition.replicas.empty()) fail_type(*node, key, "one number, or one a stage, such as 2 or [2, 1, 4]");
}

PartitionConfig read_partition_cut(const Section& section) {
  PartitionConfig partition;
  section.read("stages", partition.stages, 1, kMaxStages);
  const YamlNode* layers = section.find("layers");
  read_balance(section, layers, partition);
  if (layers == nullptr) return partition;
  partition.layers = read_counts(*layers, section.full("layers"));
  const int counts = static_cast<int>(partition.layers.size());
  if (section.has("stages") && partition.stages != counts) {
    fail(section.where("stages"), section.full("stages"),
         fmt::format("is {}, but partition.layers ({}) has {} counts; change one or remove it",
                     partition.stages, layers->where.text(), counts));
  }
  partition.stages = counts;
  return partition;
}

}  // namespace

PartitionConfig read_partition(const Section& section) {
  PartitionConfig partition = read_partition_cut(section);
  read_replicas(section, partition);
  return partition;
}

}  // namespace interlock::config
