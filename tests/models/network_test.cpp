#include "models/network.h"

#include "common/error.h"
#include "models/weights.h"
#include "models_support.h"
#include "support/temp_folder.h"

namespace interlock::models {
namespace {

using Catch::Matchers::Contains;

std::int64_t parameters(const std::string& model, const Problem& problem) {
  std::int64_t total = 0;
  for (const StageBlueprint& stage : blueprint_of(parse(model), problem).stages)
    total += stage.main_parameters;
  return total;
}

const Problem kCifar{{3, 32, 32}, {}, 10, false};
const Problem kImageNet{{3, 224, 224}, {}, 1000, false};

TEST_CASE("ResNets have the parameters of torchvision's, one by one") {
  const auto imagenet = [](const std::string& keys) {
    return parameters("model: {kind: resnet, stem: imagenet, " + keys + "}", kImageNet);
  };
  CHECK(imagenet("super_blocks: '64,2/128,2/256,2/512,2'") == 11689512);                     // ResNet-18
  CHECK(imagenet("super_blocks: '64,3/128,4/256,6/512,3'") == 21797672);                     // ResNet-34
  CHECK(imagenet("super_blocks: '64,3/128,4/256,6/512,3', block: bottleneck") == 25557032);  // ResNet-50
}

TEST_CASE("ResNet-20 for CIFAR has 0.27 M parameters, 1x1 projections included") {
  // 269,722 without weights in the shortcuts, and 16 x 32 + 2 x 32 and 32 x 64 + 2 x 64 in the two
  // projections.
  CHECK(parameters("model: {kind: resnet, super_blocks: '16,3/32,3/64,3'}", kCifar) == 269722 + 576 + 2176);
}

TEST_CASE("a ResNet is a stem, its blocks, a pool and a linear layer, and can be cut anywhere between") {
  const Blueprint blueprint = blueprint_of(
      parse("model: {kind: resnet, super_blocks: '16,3/32,3/64,3'}\npartition: {stages: 12}"), kCifar);
  std::vector<Shape> outputs;
  for (const StageBlueprint& stage : blueprint.stages) outputs.push_back(stage.output);
  const Shape a{16, 32, 32}, b{32, 16, 16}, c{64, 8, 8};
  CHECK(outputs == std::vector<Shape>{a, a, a, a, b, b, b, c, c, c, {64}, {10}});
}

TEST_CASE("ResNet-18's tensors have torchvision's names") {
  const config::Config config = parse(
      "model: {kind: resnet, stem: imagenet, super_blocks: '64,2/128,2/256,2/512,2'}\npartition: {stages: "
      "3}");
  const Blueprint blueprint = blueprint_of(config, kImageNet);
  std::map<std::string, Shape> shapes;
  for (const auto& [name, tensor] : tensors_of(build(blueprint))) {
    shapes[torchvision_name(blueprint.network, name)] = tensor.sizes().vec();
  }
  CHECK(shapes.size() == 122);  // of its state_dict()
  const std::map<std::string, Shape> some = {
      {"conv1.weight", {64, 3, 7, 7}},
      {"bn1.num_batches_tracked", {}},
      {"layer1.0.conv1.weight", {64, 64, 3, 3}},
      {"layer1.1.bn2.running_var", {64}},
      {"layer2.0.conv1.weight", {128, 64, 3, 3}},
      {"layer2.0.downsample.0.weight", {128, 64, 1, 1}},
      {"layer2.0.downsample.1.bias", {128}},
      {"layer4.1.conv2.weight", {512, 512, 3, 3}},
      {"fc.weight", {1000, 512}},
      {"fc.bias", {1000}},
  };
  for (const auto& [name, shape] : some) {
    INFO(name);
    REQUIRE(shapes.count(name) == 1);
    CHECK(shapes.at(name) == shape);
  }
  CHECK(shapes.count("layer1.0.downsample.0.weight") == 0);
  CHECK(torchvision_name(blueprint.network, "heads.0.0.weight").empty());
}

TEST_CASE("the paper's small conv net: a pool after every second convolution") {
  const Blueprint blueprint = blueprint_of(parse("model: {kind: convnet}"), kCifar);
  std::vector<std::string> kinds;
  for (const config::LayerSpec& layer : blueprint.network.layers) kinds.push_back(layer.kind);
  CHECK(kinds == std::vector<std::string>{"conv2d", "relu", "conv2d", "relu", "maxpool2d", "conv2d", "relu",
                                          "conv2d", "relu", "maxpool2d", "conv2d", "relu", "conv2d", "relu",
                                          "maxpool2d", "flatten", "linear"});
  CHECK(blueprint.stages[0].main_parameters == 896 + 9248 + 18496 + 36928 + 73856 + 147584 + 20490);
}

TEST_CASE("a conv net on small images stops pooling where nothing is left to halve") {
  const Problem tiny{{1, 2, 3}, {}, 4, false};
  const Blueprint blueprint = blueprint_of(parse("model: {kind: convnet, channels: [2, 2, 2, 2]}"), tiny);
  CHECK(blueprint.stages[0].output == Shape{4});
}

TEST_CASE("image models refuse samples that are no images") {
  const Problem vectors{{8}, {}, 4, false};
  for (const std::string kind : {"convnet", "resnet"}) {
    CHECK_THAT(
        test::message_of<UsageError>([&] { blueprint_of(parse("model: {kind: " + kind + "}"), vectors); }),
        Contains("model.kind") && Contains("[8]") && Contains("sequential"));
  }
}

TEST_CASE("a malformed super-block string is refused and quoted") {
  for (const std::string text : {"16", "16,", "16,3/32", "0,3", "16,0", "16,3x", "16,3//32,3"}) {
    INFO(text);
    CHECK_THAT(test::message_of<UsageError>([&] {
                 blueprint_of(parse("model: {kind: resnet, super_blocks: '" + text + "'}"), kCifar);
               }),
               Contains("model.super_blocks"));
  }
}

}  // namespace
}  // namespace interlock::models
