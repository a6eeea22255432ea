#include "models/weights.h"

#include "common/error.h"
#include "models_support.h"
#include "support/temp_folder.h"

namespace interlock::models {
namespace {

using Catch::Matchers::Contains;

TEST_CASE("a copied tensor takes the type of its place") {
  const at::Tensor target = torch::zeros({2});
  copy_tensor(target, torch::full({2}, 0.5, torch::kDouble), "w", "a.safetensors");
  CHECK(target.eq(0.5).all().item<bool>());
  CHECK(target.scalar_type() == torch::kFloat);
}

TEST_CASE("a tensor of another shape or kind is refused with both") {
  const auto refusal = [](const at::Tensor& source) {
    return test::message_of<DataError>([&] {
      copy_tensor(torch::zeros({10, 4}), source, "w", "a.safetensors");
    });
  };
  CHECK_THAT(refusal(torch::zeros({9, 4})),
             Contains("a.safetensors: tensor 'w'") && Contains("[9, 4]") && Contains("[10, 4]"));
  CHECK_THAT(refusal(torch::zeros({10, 4}, torch::kLong)), Contains("Long") && Contains("Float"));
}

TEST_CASE("torchvision counts blocks within groups and knows no heads") {
  const Network network = describe_network(parse("model: {kind: resnet, super_blocks: '4,2/8,1'}"), kImages);
  CHECK(torchvision_name(network, "layers.0.bn1.weight") == "bn1.weight");
  CHECK(torchvision_name(network, "layers.2.conv1.weight") == "layer1.1.conv1.weight");
  CHECK(torchvision_name(network, "layers.3.downsample.0.weight") == "layer2.0.downsample.0.weight");
  CHECK(torchvision_name(network, "layers.5.bias") == "fc.bias");
  CHECK(torchvision_name(network, "heads.0.0.bias").empty());
}

}  // namespace
}  // namespace interlock::models
