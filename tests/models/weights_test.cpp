#include "models/weights.h"

#include <algorithm>

#include "common/error.h"
#include "models_support.h"
#include "support/temp_folder.h"

namespace interlock::models {
namespace {

using Catch::Matchers::Contains;

// Layers 0 .. 4 in two stages; batch norm has buffers, stage 0 a head.
struct Net {
  Net()
      : blueprint(
            blueprint_of(parse("model: {kind: resnet, super_blocks: '4,2'}\npartition: {layers: [2, 3]}\n"
                               "learning: {head: gbpl_fc}"),
                         kImages, true)),
        stages(build(blueprint, 1)) {
    for (const Stage& other : build(blueprint, 2)) {
      for (const auto& [name, tensor] : other.state()) file.tensors.emplace_back(name, tensor.detach() + 1);
    }
  }
  at::Tensor& in_file(const std::string& name) {
    const auto found = std::find_if(file.tensors.begin(), file.tensors.end(),
                                    [&](const auto& entry) { return entry.first == name; });
    REQUIRE(found != file.tensors.end());
    return found->second;
  }
  void remove(const std::string& prefix) {
    auto& all = file.tensors;
    all.erase(std::remove_if(all.begin(), all.end(),
                             [&](const auto& entry) { return entry.first.rfind(prefix, 0) == 0; }),
              all.end());
  }
  std::string load(std::size_t stage) {
    return load_weights(stages[stage], blueprint, file, "w.safetensors");
  }
  std::string refusal(std::size_t stage) {
    return test::message_of<DataError>([&] { load(stage); });
  }
  // Does every tensor of the stage whose name starts with `prefix` equal the file's?
  bool loaded(std::size_t stage, const std::string& prefix) {
    for (const auto& [name, tensor] : stages[stage].state()) {
      if (name.rfind(prefix, 0) == 0 && !tensor.equal(in_file(name))) return false;
    }
    return true;
  }

  Blueprint blueprint;
  std::vector<Stage> stages;
  storage::TensorFile file;
};

TEST_CASE("a whole file sets every tensor of a stage, buffers and head included") {
  Net net;
  REQUIRE_FALSE(net.loaded(0, "layers."));
  CHECK(net.load(0).empty());
  CHECK(net.load(1).empty());
  CHECK(net.loaded(0, "layers."));
  CHECK(net.loaded(0, "heads."));
  CHECK(net.loaded(1, "layers."));
  CHECK(net.stages[0].main().parameters().front().second.requires_grad());
}

TEST_CASE("a file without the head leaves it as it was and says so") {
  Net net;
  net.remove("heads.");
  const at::Tensor before = net.stages[0].head().parameters().front().second.detach().clone();
  CHECK_THAT(net.load(0), Contains("w.safetensors") && Contains("stage 0") && Contains("random"));
  CHECK(net.stages[0].head().parameters().front().second.equal(before));
  CHECK(net.loaded(0, "layers."));
}

TEST_CASE("half a head is refused") {
  Net net;
  net.remove("heads.0.1.bias");
  CHECK_THAT(net.refusal(0), Contains("'heads.0.1.bias'") && Contains("missing"));
}

TEST_CASE("batch-norm statistics may be missing") {
  Net net;
  net.remove("layers.0.bn1.running_mean");
  CHECK(net.load(0).empty());
  CHECK(net.stages[0].main().buffers().front().second.eq(0).all().item<bool>());
}

TEST_CASE("a missing weight is refused with its name and shape, by the stage that has it") {
  Net net;
  net.remove("layers.1.conv1.weight");
  CHECK_THAT(net.refusal(0), Contains("w.safetensors") && Contains("'layers.1.conv1.weight'") &&
                                 Contains("[4, 4, 3, 3]") && Contains("missing"));
  CHECK(net.load(1).empty());
}

TEST_CASE("a weight of another shape or kind is refused with both") {
  Net net;
  net.in_file("layers.4.weight") = torch::zeros({9, 4});
  CHECK_THAT(net.refusal(1), Contains("'layers.4.weight'") && Contains("[9, 4]") && Contains("[10, 4]"));
  net.in_file("layers.4.weight") = torch::zeros({10, 4}, torch::kLong);
  CHECK_THAT(net.refusal(1), Contains("Long") && Contains("Float"));
}

TEST_CASE("other float types are converted") {
  Net net;
  net.in_file("layers.4.weight") = torch::full({10, 4}, 0.5, torch::kDouble);
  net.in_file("layers.4.bias") = torch::full({10}, 0.25, torch::kHalf);
  CHECK(net.load(1).empty());
  const NamedTensors state = net.stages[1].main().parameters();
  CHECK(state[state.size() - 2].second.eq(0.5).all().item<bool>());
  CHECK(state.back().second.eq(0.25).all().item<bool>());
  CHECK(state.back().second.scalar_type() == torch::kFloat);
}

TEST_CASE("a tensor that fits no layer is refused by name") {
  for (const std::string name : {"layers.5.weight", "layers.0.weight", "layers.0.conv1", "conv1.weight",
                                 "layers.x.weight", "layers.-1.weight", "layers.0"}) {
    INFO(name);
    Net net;
    net.file.tensors.emplace_back(name, torch::zeros({1}));
    CHECK_THAT(net.refusal(0), Contains("'" + name + "'") && Contains("no layer"));
  }
}

TEST_CASE("heads of another cut are ignored") {
  Net net;
  net.file.tensors.emplace_back("heads.7.0.weight", torch::zeros({1}));
  CHECK(net.load(0).empty());
  CHECK(net.load(1).empty());
}

}  // namespace
}  // namespace interlock::models
