#include "config/yaml_builder.h"

#include <utility>

#include <fmt/format.h>

#include "config/scalar.h"
#include "config/yaml_parser.h"

namespace interlock::config {

Location YamlBuilder::place(const YAML::Mark& mark) const {
  if (start_.source == kCommandLine || mark.is_null()) return start_;
  return {start_.source, mark.line + 1, mark.column + 1};
}

bool YamlBuilder::wants_key() const {
  return !open_.empty() && open_.back().node.kind == YamlNode::Kind::kMap && !open_.back().has_key;
}

std::string YamlBuilder::path() const {
  std::string result = key_;
  for (const Frame& frame : open_) {
    if (frame.node.kind == YamlNode::Kind::kList) {
      result += fmt::format("[{}]", frame.node.items.size());
    } else if (frame.has_key) {
      result += (result.empty() ? "" : ".") + shorten(frame.key);
    }
  }
  return result;
}

void YamlBuilder::check_tag(const std::string& tag, const Location& where) const {
  // "?" marks a plain scalar and "!" a quoted one; anything else the user wrote.
  if (!tag.empty() && tag != "?" && tag != "!") {
    fail(where, path(), fmt::format("YAML tags such as {} are not used here; leave it out", shorten(tag)));
  }
}

void YamlBuilder::spend(const YamlNode& node, const Location& where) {
  bytes_ += node.scalar.size();
  if (++nodes_ > kMaxYamlNodes) {
    fail(where, path(),
         fmt::format("more than {} values in one config (are aliases nested?)", kMaxYamlNodes));
  }
  if (bytes_ > 2 * kMaxYamlBytes) {
    fail(where, path(),
         fmt::format("more than {} bytes of text in one config (is an alias reused often?)",
                     2 * kMaxYamlBytes));
  }
  for (const YamlNode& item : node.items) spend(item, where);
  for (const YamlEntry& entry : node.entries) {
    bytes_ += entry.key.size();
    spend(entry.value, where);
  }
}

void YamlBuilder::OnDocumentStart(const YAML::Mark& mark) {
  if (refuse_document_) fail(place(mark), key_, "a second YAML document; a config is one document");
}

void YamlBuilder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  YamlNode node;
  node.where = place(mark);
  spend(node, node.where);
  add_value(std::move(node), anchor);
}

void YamlBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  const Location where = place(mark);
  const auto known = anchors_.find(anchor);
  if (known == anchors_.end()) fail(where, path(), "this alias stands inside the value that it repeats");
  spend(known->second, where);
  add_value(known->second, 0);
}

void YamlBuilder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                           const std::string& value) {
  YamlNode node;
  node.kind = YamlNode::Kind::kScalar;
  node.scalar = value;
  node.quoted = tag == "!";
  node.where = place(mark);
  check_tag(tag, node.where);
  spend(node, node.where);
  add_value(std::move(node), anchor);
}

void YamlBuilder::OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                                  YAML::EmitterStyle::value /*style*/) {
  open(YamlNode::Kind::kList, mark, tag, anchor);
}

void YamlBuilder::OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                             YAML::EmitterStyle::value /*style*/) {
  open(YamlNode::Kind::kMap, mark, tag, anchor);
}

void YamlBuilder::open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
                       YAML::anchor_t anchor) {
  Frame frame;
  frame.node.kind = kind;
  frame.node.where = place(mark);
  frame.anchor = anchor;
  check_tag(tag, frame.node.where);
  spend(frame.node, frame.node.where);
  if (open_.size() >= kMaxYamlDepth) {
    fail(frame.node.where, "", fmt::format("nested more than {} levels deep", kMaxYamlDepth));
  }
  open_.push_back(std::move(frame));
}

void YamlBuilder::close() {
  Frame frame = std::move(open_.back());
  open_.pop_back();
  add_value(std::move(frame.node), frame.anchor);
}

// A list or map as key is refused here, when it ends: an unclosed "[" looks like one until the parser finds
// its error.
void YamlBuilder::add_key(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::kScalar)
    fail(node.where, path(), "a key must be text, not " + node.describe());
  if (has_control_character(node.scalar))
    fail(node.where, path(), "a key must be text without control characters, not " + node.describe());
  Frame& frame = open_.back();
  const YamlEntry* earlier = frame.node.find(node.scalar);
  frame.has_key = true;
  frame.key = node.scalar;
  frame.key_where = node.where;
  if (earlier != nullptr) {
    fail(node.where, path(), fmt::format("given twice; the first is at {}", earlier->where.text()));
  }
}

void YamlBuilder::add_value(YamlNode node, YAML::anchor_t anchor) {
  if (anchor != 0) anchors_[anchor] = node;
  if (wants_key()) return add_key(node);
  if (open_.empty()) {
    root_ = std::move(node);
  } else if (Frame& frame = open_.back(); frame.node.kind == YamlNode::Kind::kList) {
    frame.node.items.push_back(std::move(node));
  } else {
    frame.node.entries.push_back({std::move(frame.key), std::move(frame.key_where), std::move(node)});
    frame.has_key = false;
  }
}

}  // namespace interlock::config
