#include "models/pretrained_names.h"

#include "models/weights.h"
#include "pretrained_support.h"

namespace interlock::models {
namespace {

using Catch::Matchers::Contains;

// The weights of a small ResNet under torchvision's names.
struct TorchvisionNet : PretrainedNet {
  explicit TorchvisionNet(const std::string& more = "")
      : PretrainedNet(
            parse("model: {kind: resnet, super_blocks: '4,1/8,1'" + more + "}\npartition: {stages: 2}")) {
    for (auto& [name, tensor] : file.tensors)
      names.emplace_back(name, torchvision_name(blueprint.network, name));
    remove("heads.");
    for (auto& [name, tensor] : file.tensors) name = torchvision_name(blueprint.network, name);
  }
  std::vector<std::pair<std::string, std::string>> names;  // ours and torchvision's
};

TEST_CASE("torchvision's names of a ResNet are known, and every tensor finds its place") {
  TorchvisionNet net;
  REQUIRE(net.file.find("layer2.0.downsample.1.running_var") != nullptr);
  net.load();
  for (const auto& [ours, theirs] : net.names) {
    INFO(ours << " " << theirs);
    if (!theirs.empty()) CHECK(net.now(ours).equal(net.in_file(theirs)));
  }
}

TEST_CASE("messages about a torchvision file use its own names") {
  TorchvisionNet net;
  net.in_file("fc.weight") = torch::zeros({1000, 8});
  net.add("layer3.0.conv1.weight", torch::zeros({16, 8, 3, 3}));
  net.remove("bn1.bias");
  CHECK_THAT(net.refusal(), Contains("names of torchvision") && Contains("'fc.weight' is Float [1000, 8]") &&
                                Contains("'layer3.0.conv1.weight'") && Contains("'layers.0.bn1.bias'") &&
                                Contains("model.new_classifier: true"));
}

TEST_CASE("a new classifier ignores torchvision's fc, whatever its shape, or that it is not there") {
  TorchvisionNet net(", new_classifier: true, init: w");
  net.config.model.init = net.folder.path_of("w.safetensors");
  net.in_file("fc.weight") = torch::zeros({1000, 8});
  const at::Tensor before = net.now("layers.4.weight").clone();
  net.load();
  CHECK(net.now("layers.4.weight").equal(before));
  CHECK(net.now("layers.0.conv1.weight").equal(net.in_file("conv1.weight")));
  net.remove("fc.");
  net.load();
}

TEST_CASE("names of nobody known are refused with a few of them") {
  PretrainedNet net(small_resnet());
  net.file.tensors = {{"encoder.weight", torch::zeros({1})}, {"decoder.weight", torch::zeros({1})}};
  CHECK_THAT(net.refusal(), Contains("'encoder.weight', 'decoder.weight'") && Contains("torchvision"));
  net.file.tensors.clear();
  CHECK_THAT(net.refusal(), Contains("holds no tensors"));
}

TEST_CASE("another kind of model's names are refused as such") {
  PretrainedNet net(small_resnet());
  net.file.tensors = {{"transformer.wte.weight", torch::zeros({4, 2})}};
  CHECK_THAT(net.refusal(), Contains("GPT-2") && Contains("model.kind is resnet"));
  PretrainedNet convnet(parse("model: {kind: convnet, channels: [4]}"));
  convnet.file.tensors = {{"conv1.weight", torch::zeros({4})}, {"layer1.0.conv1.weight", torch::zeros({4})}};
  CHECK_THAT(convnet.refusal(), Contains("ResNet of torchvision") && Contains("model.kind is convnet"));
}

}  // namespace
}  // namespace interlock::models
