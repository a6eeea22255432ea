#include "config/layer_spec.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "config/scalar.h"
#include "config/yaml_writer.h"

namespace interlock::config {
namespace {

std::string in_flow_style(const LayerArgument& argument) {
  struct Format {
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(std::int64_t value) const { return fmt::format("{}", value); }
    std::string operator()(double value) const { return format_double(value); }
    std::string operator()(const std::string& value) const { return format_text(value); }
  };
  return format_text(argument.name) + ": " + std::visit(Format{}, argument.value);
}

std::string written(const LayerArgument& argument) {
  if (const auto* flag = std::get_if<bool>(&argument.value)) return *flag ? "'true'" : "'false'";
  if (const auto* whole = std::get_if<std::int64_t>(&argument.value)) return fmt::format("'{}'", *whole);
  if (const auto* number = std::get_if<double>(&argument.value)) return fmt::format("'{}'", *number);
  return fmt::format("text '{}'", shorten(std::get<std::string>(argument.value)));
}

[[noreturn]] void fail_argument(const LayerSpec& layer, const LayerArgument& argument,
                                const std::string& wanted) {
  fail(argument.where, layer.kind + "." + argument.name,
       fmt::format("wants {}, got {}", wanted, written(argument)));
}

std::int64_t int_of(const LayerSpec& layer, const LayerArgument& argument, std::int64_t minimum) {
  const auto* value = std::get_if<std::int64_t>(&argument.value);
  if (value == nullptr || *value < minimum)
    fail_argument(layer, argument, describe_range(minimum, kNoMaximum));
  return *value;
}

}  // namespace

LayerSpec::LayerSpec(std::string kind_, std::vector<LayerArgument> arguments_, Location where_)
    : kind(std::move(kind_)), arguments(std::move(arguments_)), where(std::move(where_)) {}

const LayerArgument* LayerSpec::find(const std::string& name) const {
  const auto found = std::find_if(arguments.begin(), arguments.end(),
                                  [&](const LayerArgument& argument) { return argument.name == name; });
  return found == arguments.end() ? nullptr : &*found;
}

std::int64_t LayerSpec::required_int(const std::string& name, std::int64_t minimum) const {
  const LayerArgument* argument = find(name);
  if (argument == nullptr) {
    fail(where, kind + "." + name,
         fmt::format("missing; it takes {}, as in {}: {{{}: {}}}", describe_range(minimum, kNoMaximum), kind,
                     name, std::max<std::int64_t>(minimum, 1)));
  }
  return int_of(*this, *argument, minimum);
}

std::int64_t LayerSpec::int_or(const std::string& name, std::int64_t fallback, std::int64_t minimum) const {
  const LayerArgument* argument = find(name);
  return argument == nullptr ? fallback : int_of(*this, *argument, minimum);
}

double LayerSpec::double_or(const std::string& name, double fallback, double minimum, double maximum) const {
  const LayerArgument* argument = find(name);
  if (argument == nullptr) return fallback;
  const Interval range{minimum, maximum};
  const auto* whole = std::get_if<std::int64_t>(&argument->value);
  const auto* number = std::get_if<double>(&argument->value);
  const bool numeric = whole != nullptr || number != nullptr;
  const double value = whole != nullptr ? static_cast<double>(*whole) : number != nullptr ? *number : 0;
  if (!numeric || !range.contains(value)) fail_argument(*this, *argument, range.text());
  return value;
}

bool LayerSpec::bool_or(const std::string& name, bool fallback) const {
  const LayerArgument* argument = find(name);
  if (argument == nullptr) return fallback;
  const auto* value = std::get_if<bool>(&argument->value);
  if (value == nullptr) fail_argument(*this, *argument, "true or false");
  return *value;
}

void LayerSpec::reject_unknown(const std::vector<std::string>& known) const {
  for (const LayerArgument& argument : arguments) {
    if (std::find(known.begin(), known.end(), argument.name) != known.end()) continue;
    fail(
        argument.where, kind + "." + shorten(argument.name),
        known.empty() ? "this layer takes no arguments" : "unknown argument" + suggest(argument.name, known));
  }
}

std::string LayerSpec::text() const {
  if (arguments.empty()) return format_text(kind);
  const std::string list = list_of(arguments, in_flow_style);
  return format_text(kind) + ": {" + list.substr(1, list.size() - 2) + "}";
}

LayerSpec LayerSpec::with(const std::string& name,
                          std::variant<bool, std::int64_t, double, std::string> value) const {
  LayerSpec result = *this;
  result.arguments.push_back({name, std::move(value), where});
  return result;
}

}  // namespace interlock::config
