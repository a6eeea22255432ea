#include <fmt/format.h>

#include "config/action_times.h"
#include "config/sections.h"

namespace interlock::config {
namespace {

constexpr int kMaxMicroBatches = 4096;
constexpr double kMaxLatency = 1e9;
constexpr double kSmallestBucket = 1e-3;
constexpr double kLargestBucket = 1024;  // a message of MPI's is below 2 GiB

// A path or a map; an unquoted number is neither, though YAML would give it as text.
void read_costs(const YamlNode& node, const std::string& key, Origins& origins, ScheduleConfig& schedule) {
  if (node.kind == YamlNode::Kind::kMap) {
    schedule.costs = read_action_times(node, key, origins);
    return;
  }
  const bool number = node.kind == YamlNode::Kind::kScalar && !node.quoted && parse_double(node.scalar);
  if (node.kind != YamlNode::Kind::kScalar || number) {
    fail_type(node, key, "the path of a profile, or a map of milliseconds such as {forward_ms: 20, ...}");
  }
  schedule.costs_file = read_text(node, key);
}

void read_link(const Section& section, ScheduleConfig& schedule) {
  section.read("latency_us", schedule.latency_us, Interval{0, kMaxLatency});
  section.read("gigabytes_per_second", schedule.gigabytes_per_second, kNotNegative);
}

}  // namespace

ScheduleConfig read_schedule(const Section& section, Origins& origins) {
  ScheduleConfig schedule;
  section.read("micro_batches", schedule.micro_batches, 1, kMaxMicroBatches);
  section.read("policy", schedule.policy, policy_kinds());
  section.read("in_flight", schedule.in_flight, 1, kMaxMicroBatches);
  section.read("memory_cap_mib", schedule.memory_cap_mib, kNotNegative);
  section.read("file", schedule.file);
  if (section.has("policy") && !schedule.file.empty()) {
    fail(section.where("policy"), section.full("policy"),
         fmt::format("given together with schedule.file ({}), which is a whole schedule; give one of them",
                     section.where("file").text()));
  }
  if (const YamlNode* costs = section.find("costs")) {
    read_costs(*costs, section.full("costs"), origins, schedule);
  }
  section.read("stack_gradients", schedule.stack_gradients);
  if (schedule.stack_gradients && schedule.costs_file.empty()) {
    fail(section.where("stack_gradients"), section.full("stack_gradients"),
         "whether stacking is quicker must be measured; give schedule.costs: profile.json, written by "
         "`interlock profile`");
  }
  section.read("wire_dtype", schedule.wire_dtype, wire_types());
  section.read("bucket_mib", schedule.bucket_mib, Interval{kSmallestBucket, kLargestBucket});
  if (const YamlNode* link = section.find("link")) {
    read_link(Section(link, section.full("link"), origins), schedule);
  }
  return schedule;
}

}  // namespace interlock::config
