#pragma once
// Builds a YamlNode tree from yaml-cpp's parse events, because those come before yaml-cpp has built (or
// shared) anything: the place to count nodes, to refuse duplicates and to expand aliases within a budget.

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/mark.h>

#include "config/yaml_node.h"

namespace interlock::config {

inline constexpr const char* kCommandLine = "command line";

class YamlBuilder : public YAML::EventHandler {
 public:
  // `start`: the file, or the command line, whose places then have no line. `key`: what a message puts in
  // front.
  YamlBuilder(Location start, std::string key) : start_(std::move(start)), key_(std::move(key)) {}

  [[nodiscard]] const Location& start() const { return start_; }
  [[nodiscard]] const std::string& key() const { return key_; }
  [[nodiscard]] Location place(const YAML::Mark& mark) const;
  [[nodiscard]] YamlNode take_root() { return std::move(root_); }
  void refuse_next_document() { refuse_document_ = true; }

  void OnDocumentStart(const YAML::Mark& mark) override;
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override;
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override;
  void OnMapEnd() override { close(); }

 private:
  struct Frame {  // a list or map that is still open
    YamlNode node;
    YAML::anchor_t anchor = 0;
    bool has_key = false;  // map: `key` waits for its value
    std::string key;
    Location key_where;
  };

  [[nodiscard]] bool wants_key() const;
  [[nodiscard]] std::string path() const;  // full name of the value that comes next
  void check_tag(const std::string& tag, const Location& where) const;
  void spend(const YamlNode& node, const Location& where);
  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor);
  void close();
  void add_key(const YamlNode& node);
  void add_value(YamlNode node, YAML::anchor_t anchor);

  Location start_;
  std::string key_;
  YamlNode root_;
  std::vector<Frame> open_;
  std::map<YAML::anchor_t, YamlNode> anchors_;
  int nodes_ = 0;
  std::size_t bytes_ = 0;
  bool refuse_document_ = false;
};

}  // namespace interlock::config
