#pragma once
// One layer as the user wrote it: a name and arguments, with the place of each. What the names mean is the
// business of models/; an argument that nobody asked for is reported by reject_unknown().

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "config/location.h"

namespace interlock::config {

struct LayerArgument {
  std::string name;
  std::variant<bool, std::int64_t, double, std::string> value;
  Location where;
};

class LayerSpec {
 public:
  LayerSpec() = default;
  LayerSpec(std::string kind, std::vector<LayerArgument> arguments, Location where);

  std::string kind;
  std::vector<LayerArgument> arguments;
  Location where;

  // Typed readers; each throws UsageError with the argument's place if the type or range is wrong, or if a
  // required one is missing. An int is accepted where a double is asked for.
  [[nodiscard]] std::int64_t required_int(const std::string& name, std::int64_t minimum) const;
  [[nodiscard]] std::int64_t int_or(const std::string& name, std::int64_t fallback,
                                    std::int64_t minimum) const;
  [[nodiscard]] double double_or(const std::string& name, double fallback, double minimum,
                                 double maximum) const;
  [[nodiscard]] bool bool_or(const std::string& name, bool fallback) const;

  // Throws for the first argument whose name is not in `known`.
  void reject_unknown(const std::vector<std::string>& known) const;

  // In one line, as in a config: "linear: {in: 8, out: 16}", "relu".
  [[nodiscard]] std::string text() const;

  // Builders for models made in code: LayerSpec::make("linear").with("in", 8).
  static LayerSpec make(const std::string& kind) { return {kind, {}, {}}; }
  LayerSpec with(const std::string& name, std::variant<bool, std::int64_t, double, std::string> value) const;

 private:
  [[nodiscard]] const LayerArgument* find(const std::string& name) const;
};

}  // namespace interlock::config
