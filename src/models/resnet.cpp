// ResNets from a super-block string such as "64,3/128,4/256,6/512,3": channels and number of blocks of each
// group; the first block of every group but the first halves the resolution. A block is one layer, so cuts
// fall between blocks.

#include <cstdio>
#include <sstream>

#include <fmt/format.h>

#include "models/network.h"

namespace interlock::models {
namespace {

using config::LayerSpec;

struct SuperBlock {
  std::int64_t width = 0;
  std::int64_t blocks = 0;
};

std::vector<SuperBlock> parse_super_blocks(const config::Config& config) {
  std::vector<SuperBlock> groups;
  std::istringstream stream(config.model.super_blocks);
  for (std::string group; std::getline(stream, group, '/');) {
    int width = 0;
    int blocks = 0;
    int used = 0;
    const int fields = std::sscanf(group.c_str(), "%d,%d%n", &width, &blocks, &used);
    if (fields != 2 || static_cast<std::size_t>(used) != group.size() || width < 1 || blocks < 1) {
      config::fail(config.where("model.super_blocks"), "model.super_blocks",
                   fmt::format("'{}' is not <channels>,<blocks>; an example is 16,3/32,3/64,3", group));
    }
    groups.push_back({width, blocks});
  }
  if (groups.empty()) config::fail(config.where("model.super_blocks"), "model.super_blocks", "is empty");
  return groups;
}

}  // namespace

Network describe_resnet(const config::Config& config, const Problem& problem) {
  const bool bottleneck = config.model.block == config::ResnetBlock::kBottleneck;
  const bool imagenet = config.model.stem == config::ResnetStem::kImagenet;
  const std::vector<SuperBlock> groups = parse_super_blocks(config);

  Network network;
  const auto add = [&](LayerSpec spec, const std::string& torchvision_prefix) {
    network.layers.push_back(std::move(spec));
    network.torchvision_prefixes.push_back(torchvision_prefix);
  };

  std::int64_t channels = groups.front().width;
  add(LayerSpec::make("resnet_stem")
          .with("in", problem.input[0])
          .with("out", channels)
          .with("imagenet", imagenet),
      "");
  for (std::size_t g = 0; g < groups.size(); ++g) {
    for (std::int64_t b = 0; b < groups[g].blocks; ++b) {
      const std::int64_t stride = g > 0 && b == 0 ? 2 : 1;
      add(LayerSpec::make(bottleneck ? "bottleneck_block" : "basic_block")
              .with("in", channels)
              .with("width", groups[g].width)
              .with("stride", stride),
          fmt::format("layer{}.{}.", g + 1, b));
      channels = bottleneck ? 4 * groups[g].width : groups[g].width;
    }
  }
  add(LayerSpec::make("gbpl"), "");
  add(LayerSpec::make("linear").with("in", channels).with("out", problem.classes), "fc.");
  return network;
}

}  // namespace interlock::models
