#include "models/freeze.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include <fmt/format.h>

#include "common/text.h"
#include "models/layers/registry.h"
#include "models/partition.h"

namespace interlock::models {
namespace {

constexpr std::string_view kAllButLast = "all_but_last";

struct Range {
  int first = 0;
  int last = 0;
};

bool parse_number(std::string_view text, int& number) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  return result.ec == std::errc() && result.ptr == text.data() + text.size() && text[0] != '-';
}

// "3" or "3-5"
bool parse_range(std::string_view text, Range& range) {
  const std::size_t dash = text.find('-');
  if (!parse_number(trimmed(text.substr(0, dash)), range.first)) return false;
  range.last = range.first;
  return dash == std::string_view::npos ||
         (parse_number(trimmed(text.substr(dash + 1)), range.last) && range.last >= range.first);
}

[[noreturn]] void refuse(const config::Config& config, const std::string& problem) {
  config::fail(config.where("model.freeze"), "model.freeze", problem);
}

std::vector<Range> parse_ranges(const config::Config& config) {
  std::vector<Range> ranges;
  std::string_view left = config.model.freeze;
  while (true) {
    const std::size_t comma = left.find(',');
    const std::string_view part = trimmed(left.substr(0, comma));
    Range range;
    if (!parse_range(part, range)) {
      refuse(config,
             fmt::format("'{}' is no layer or range of layers; an example is 0-3,5, or all_but_last", part));
    }
    ranges.push_back(range);
    if (comma == std::string_view::npos) return ranges;
    left.remove_prefix(comma + 1);
  }
}

bool has_weights(const config::LayerSpec& layer) {
  return !make_layer(layer)->parameters().empty();
}

// Copies of one matrix take one step together, so they learn together or not at all.
void refuse_half_of_a_tie(const config::Config& config, const std::vector<bool>& frozen) {
  if (config.model.kind != config::ModelKind::kTransformerLm || !config.model.tied) return;
  if (frozen.front() == frozen.back()) return;
  refuse(
      config,
      fmt::format("freezes layer {} but not layer {}, and with model.tied both hold the same matrix; freeze "
                  "both or neither, or use model.tied: false",
                  frozen.front() ? 0 : frozen.size() - 1, frozen.front() ? frozen.size() - 1 : 0));
}

}  // namespace

int classifier_layer(const Network& network) {
  int layer = static_cast<int>(network.layers.size()) - 1;
  while (layer >= 0 && !has_weights(network.layers[static_cast<std::size_t>(layer)])) --layer;
  return layer;
}

std::vector<bool> frozen_layers(const config::Config& config, const Network& network) {
  const int layers = static_cast<int>(network.layers.size());
  std::vector<bool> frozen(network.layers.size(), false);
  if (config.model.freeze.empty()) return frozen;
  if (config.model.freeze == kAllButLast) {
    std::fill_n(frozen.begin(), std::max(0, classifier_layer(network)), true);
  } else {
    for (const Range& range : parse_ranges(config)) {
      if (range.last >= layers)
        refuse(config,
               fmt::format("there is no layer {}; the network's layers are 0 to {}", range.last, layers - 1));
      std::fill(frozen.begin() + range.first, frozen.begin() + range.last + 1, true);
    }
  }
  refuse_half_of_a_tie(config, frozen);
  return frozen;
}

std::vector<bool> learning_stages(const config::Config& config, const Problem& problem) {
  if (config.model.freeze.empty())
    return std::vector<bool>(static_cast<std::size_t>(config.partition.stages), true);
  const Network network = describe_network(config, problem);
  const std::vector<bool> frozen = frozen_layers(config, network);
  std::vector<bool> learns;
  for (const LayerRange& range : cut(config, static_cast<int>(network.layers.size()))) {
    bool any = false;
    for (int i = range.first; i < range.first + range.count && !any; ++i) {
      const auto layer = static_cast<std::size_t>(i);
      any = !frozen[layer] && has_weights(network.layers[layer]);
    }
    learns.push_back(any);
  }
  return learns;
}

}  // namespace interlock::models
