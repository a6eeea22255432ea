#pragma once
// Lines of YAML as to_yaml() writes them. Private to config.

#include <string>
#include <vector>

#include <fmt/format.h>

#include "common/text.h"
#include "config/config.h"
#include "config/scalar.h"

namespace interlock::config {

template <class Items, class Format>
std::string list_of(const Items& items, const Format& format) {
  std::vector<std::string> parts;
  for (const auto& item : items) parts.push_back(format(item));
  return "[" + join(parts, ", ") + "]";
}

inline std::string ints(const std::vector<std::int64_t>& values) {
  return list_of(values, [](std::int64_t value) { return fmt::format("{}", value); });
}

inline std::string doubles(const std::vector<double>& values) {
  return list_of(values, format_double);
}

// Collects "section:" and "  key: value" lines.
class Writer {
 public:
  void section(const char* name) { text_ += fmt::format("{}:\n", name); }
  void raw(const char* key, const std::string& value) { text_ += fmt::format("  {}: {}\n", key, value); }
  void item(const std::string& value) { text_ += fmt::format("    - {}\n", value); }
  void list(const char* key) { text_ += fmt::format("  {}:\n", key); }
  void text(const char* key, const std::string& value) { raw(key, format_text(value)); }
  void flag(const char* key, bool value) { raw(key, value ? "true" : "false"); }
  void number(const char* key, double value) { raw(key, format_double(value)); }
  template <class Int>
  void whole(const char* key, Int value) {
    raw(key, fmt::format("{}", value));
  }
  [[nodiscard]] const std::string& result() const { return text_; }

 private:
  std::string text_;
};

void write_model(Writer& out, const ModelConfig& model);
void write_partition(Writer& out, const PartitionConfig& partition);
void write_learning(Writer& out, const LearningConfig& learning);

}  // namespace interlock::config
