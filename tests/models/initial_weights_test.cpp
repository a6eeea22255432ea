#include <fmt/format.h>

#include "models_support.h"

namespace interlock::models {
namespace {

const std::vector<std::string> kModels = {
    "model: {kind: convnet, channels: [4, 4, 6], batch_norm: true}\n",
    "model: {kind: resnet, super_blocks: '4,2/6,2'}\n",
    "model: {kind: sequential, layers: [flatten, {linear: {in: 768, out: 8}}, relu, {linear: {in: 8, out: "
    "8}}, "
    "{linear: {in: 8, out: 10}}]}\n",
};

std::map<std::string, at::Tensor> initial(const std::string& model, int stages, std::uint64_t seed,
                                          bool heads) {
  const config::Config config =
      parse(model + fmt::format("partition: {{stages: {}}}\nlearning: {{head: linear}}\n", stages));
  return tensors_of(build(blueprint_of(config, kImages, heads), seed));
}

TEST_CASE("initial weights do not depend on the cut or on heads, tensor by tensor and to the last bit") {
  for (const std::string& model : kModels) {
    const std::map<std::string, at::Tensor> whole = initial(model, 1, 7, false);
    CHECK(whole.size() >= 4);
    for (int stages = 1; stages <= 5; ++stages) {
      for (const bool heads : {false, true}) {
        const std::map<std::string, at::Tensor> cut = initial(model, stages, 7, heads);
        INFO(model << stages << " stages");
        std::size_t main_tensors = 0;
        for (const auto& [name, tensor] : cut) {
          if (name.rfind("heads.", 0) == 0) continue;
          ++main_tensors;
          REQUIRE(whole.count(name) == 1);
          CHECK(tensor.equal(whole.at(name)));
        }
        CHECK(main_tensors == whole.size());
        CHECK(cut.size() == whole.size() + (heads ? static_cast<std::size_t>(2 * (stages - 1)) : 0));
      }
    }
  }
}

TEST_CASE("another seed gives other weights, and layers of the same shape differ") {
  const auto first = initial(kModels[2], 1, 1, false);
  const auto second = initial(kModels[2], 1, 2, false);
  CHECK_FALSE(first.at("layers.1.weight").equal(second.at("layers.1.weight")));
  const auto net = initial("model: {kind: convnet, channels: [3, 3, 3]}\n", 1, 1, false);
  CHECK_FALSE(net.at("layers.0.weight").equal(net.at("layers.2.weight")));
}

TEST_CASE("a head starts the same wherever the rest is cut, and heads of two stages differ") {
  const std::string model =
      "model: {kind: sequential, layers: [flatten, {linear: {in: 768, out: 8}}, relu, relu, relu]}\n"
      "learning: {heads: [[{linear: {in: 8, out: 10}}], [{linear: {in: 8, out: 10}}]]}\n";
  const Problem problem{{3, 16, 16}, {}, 8, false};
  const auto first =
      tensors_of(build(blueprint_of(parse(model + "partition: {layers: [2, 1, 2]}"), problem, true)));
  const auto second =
      tensors_of(build(blueprint_of(parse(model + "partition: {layers: [3, 1, 1]}"), problem, true)));
  CHECK(first.at("heads.0.0.weight").equal(second.at("heads.0.0.weight")));
  CHECK_FALSE(first.at("heads.0.0.weight").equal(first.at("heads.1.0.weight")));
}

TEST_CASE("a stage names its parameters before its buffers and its head last") {
  const config::Config config = parse(
      "model: {kind: resnet, super_blocks: '4,1'}\npartition: {layers: [1, 1, 2]}\nlearning: {head: "
      "gbpl_fc}\n");
  const std::vector<Stage> stages = build(blueprint_of(config, kImages, true));
  std::vector<std::string> names;
  for (const auto& [name, tensor] : stages[0].state()) names.push_back(name);
  CHECK(names == std::vector<std::string>{"layers.0.conv1.weight", "layers.0.bn1.weight", "layers.0.bn1.bias",
                                          "layers.0.bn1.running_mean", "layers.0.bn1.running_var",
                                          "layers.0.bn1.num_batches_tracked", "heads.0.1.weight",
                                          "heads.0.1.bias"});
  CHECK(stages[2].state().front().first == "layers.3.weight");
}

}  // namespace
}  // namespace interlock::models
