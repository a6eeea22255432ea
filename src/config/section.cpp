#include "config/section.h"

#include <algorithm>

#include <fmt/format.h>

#include "config/keys.h"

namespace interlock::config {

Section::Section(const YamlNode* node, const std::string& name, Origins& origins)
    : node_(nullptr), name_(name) {
  if (node == nullptr || node->kind == YamlNode::Kind::kNull || node->kind == YamlNode::Kind::kUnset) return;
  if (node->kind != YamlNode::Kind::kMap) fail_type(*node, name, "a map of keys");
  node_ = node;
  where_ = node->where;
  const std::vector<std::string>& known = keys_of(name);
  for (const YamlEntry& entry : node->entries) {
    if (std::find(known.begin(), known.end(), entry.key) == known.end()) {
      fail(entry.where, full(shorten(entry.key)), "unknown key" + suggest(entry.key, known));
    }
    if (entry.value.kind == YamlNode::Kind::kUnset) continue;
    if (entry.value.kind == YamlNode::Kind::kNull) {
      fail(entry.where, full(entry.key), "has no value; give one, or remove the key to get its default");
    }
    origins[full(entry.key)] = entry.value.where;
  }
}

const YamlNode* Section::find(const std::string& key) const {
  const std::vector<std::string>& known = keys_of(name_);
  INTERLOCK_CHECK(std::find(known.begin(), known.end(), key) != known.end(), full(key));
  const YamlEntry* entry = node_ != nullptr ? node_->find(key) : nullptr;
  return entry != nullptr && entry->value.kind != YamlNode::Kind::kUnset ? &entry->value : nullptr;
}

Location Section::where(const std::string& key) const {
  const YamlNode* node = find(key);
  return node != nullptr ? node->where : where_;
}

void Section::read(const std::string& key, bool& value) const {
  if (const YamlNode* node = find(key)) value = read_bool(*node, full(key));
}

void Section::read(const std::string& key, std::string& value) const {
  if (const YamlNode* node = find(key)) value = read_text(*node, full(key));
}

void Section::read(const std::string& key, std::uint64_t& value) const {
  if (const YamlNode* node = find(key)) value = read_unsigned(*node, full(key));
}

void Section::read(const std::string& key, double& value, const Interval& range) const {
  if (const YamlNode* node = find(key)) value = read_double(*node, full(key), range);
}

void Section::read(const std::string& key, std::vector<double>& value, const Interval& range) const {
  if (const YamlNode* node = find(key)) value = read_doubles(*node, full(key), range);
}

void Section::read(const std::string& key, std::int64_t& value, std::int64_t minimum,
                   std::int64_t maximum) const {
  if (const YamlNode* node = find(key)) value = read_int(*node, full(key), minimum, maximum);
}

void Section::read(const std::string& key, int& value, int minimum, int maximum) const {
  if (const YamlNode* node = find(key))
    value = static_cast<int>(read_int(*node, full(key), minimum, maximum));
}

void Section::only_for(const std::string& owner, bool belongs,
                       std::initializer_list<const char*> keys) const {
  if (belongs) return;
  for (const char* key : keys) {
    if (!has(key)) continue;
    fail(where(key), full(key),
         fmt::format("only has a meaning with {}; remove the one or change the other", owner));
  }
}

}  // namespace interlock::config
