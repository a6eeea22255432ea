#include "models/freeze.h"

#include "common/error.h"
#include "models_support.h"
#include "support/temp_folder.h"

namespace interlock::models {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using Flags = std::vector<bool>;

// Layers: 0 linear, 1 relu, 2 linear, 3 dropout, 4 linear, 5 relu.
const Problem kSixNumbers{{6}, {}, 4, false};
config::Config config_freezing(const std::string& freeze, const std::string& partition = "[2, 2, 2]") {
  config::Config config = parse(
      "model: {kind: sequential, layers: [{linear: {in: 6, out: 5}}, relu, {linear: {in: 5, out: 5}}, "
      "{dropout: {p: 0.5}}, {linear: {in: 5, out: 4}}, relu]}\npartition: {layers: " +
      partition + "}");
  config.model.freeze = freeze;
  config.origins["model.freeze"] = {"a.yaml", 5, 9};
  return config;
}

Flags frozen(const std::string& freeze) {
  const config::Config config = config_freezing(freeze);
  return frozen_layers(config, describe_network(config, kSixNumbers));
}

std::string refusal(const std::string& freeze) {
  return test::message_of<UsageError>([&] { frozen(freeze); });
}

TEST_CASE("layers are frozen by number, by range, or all but the last that has weights") {
  CHECK(frozen("") == Flags{false, false, false, false, false, false});
  CHECK(frozen("0-2,4") == Flags{true, true, true, false, true, false});
  CHECK(frozen(" 5 , 1 - 1") == Flags{false, true, false, false, false, true});
  CHECK(frozen("0-5") == Flags(6, true));
  CHECK(frozen("all_but_last") == Flags{true, true, true, true, false, false});
}

TEST_CASE("anything else is refused where it was written, and so is a layer that is not there") {
  for (const char* malformed :
       {"3-1", "-1", "1-", "1,,2", "one", "1;2", "all", "0x1", "1.5", ",", " ", "99999999999"}) {
    INFO(malformed);
    CHECK_THAT(refusal(malformed),
               StartsWith("a.yaml:5:9: model.freeze: '") && Contains("no layer or range"));
  }
  CHECK_THAT(refusal("0-6"),
             StartsWith("a.yaml:5:9: model.freeze: there is no layer 6; the network's layers are 0 to 5"));
}

TEST_CASE("a stage learns if it has a layer with weights that is not frozen") {
  const auto learning = [](const std::string& freeze) {
    return learning_stages(config_freezing(freeze), kSixNumbers);
  };
  CHECK(learning("") == Flags{true, true, true});
  CHECK(learning("0") == Flags{false, true, true});  // its other layer has no weights
  CHECK(learning("1") == Flags{true, true, true});
  CHECK(learning("2,4-5") == Flags{true, false, false});
  CHECK(learning("all_but_last") == Flags{false, false, true});
}

TEST_CASE("frozen weights ask for no gradient and are not among those that learn, but still have names") {
  const Blueprint blueprint = blueprint_of(config_freezing("2"), kSixNumbers);
  const std::vector<Stage> stages = build(blueprint);
  CHECK(stages[0].main().parameter_list().size() == 2);
  CHECK(stages[1].main().parameter_list().empty());
  CHECK(stages[1].main().parameters().size() == 2);
  CHECK_FALSE(stages[1].main().parameters()[0].second.requires_grad());
  CHECK(stages[1].state().size() == 2);
}

TEST_CASE("frozen layers run as in evaluation: fixed batch-norm statistics, no dropout") {
  config::Config config = parse("model: {kind: resnet, super_blocks: '4,1'}");
  config.model.freeze = "0";
  const std::vector<Stage> stages = build(blueprint_of(config, kImages));
  const auto buffers_now = [&] {
    std::map<std::string, at::Tensor> copies;
    for (const auto& [name, buffer] : stages[0].main().buffers()) copies[name] = buffer.clone();
    return copies;
  };
  const auto before = buffers_now();
  ForwardContext training;
  training.training = true;
  static_cast<void>(stages[0].main().forward(torch::randn({4, 3, 16, 16}), training));
  for (const auto& [name, buffer] : buffers_now()) {
    INFO(name);
    CHECK(buffer.equal(before.at(name)) == (name.rfind("layers.0.", 0) == 0));
  }

  const std::vector<Stage> dropping = build(blueprint_of(config_freezing("3"), kSixNumbers));
  const at::Tensor x = torch::rand({4, 5}) + 1;
  CHECK(dropping[1].main().forward(x, training).equal(dropping[1].main().forward(x, {})));
}

TEST_CASE("one copy of a tied matrix is not frozen without the other") {
  const Problem text{{6}, {6}, 11, true};
  config::Config config = parse(
      "model: {kind: transformer_lm, blocks: 2, width: 8, attention_heads: 2}\ndata: {kind: text, path: "
      "none}\n"
      "partition: {stages: 2}\nlearning: {horizon: 1, head: norm_unembed}");
  const auto freezing = [&](const std::string& freeze) {
    config.model.freeze = freeze;
    return frozen_layers(config, describe_network(config, text));
  };
  CHECK(freezing("1-2") == Flags{false, true, true, false});
  CHECK(freezing("0,3") == Flags{true, false, false, true});
  CHECK_THAT(test::message_of<UsageError>([&] { freezing("0-1"); }), Contains("layer 0 but not layer 3"));
  CHECK_THAT(test::message_of<UsageError>([&] { freezing("3"); }), Contains("layer 3 but not layer 0"));
  CHECK_THROWS_AS(freezing("all_but_last"), UsageError);
  config.model.freeze = "0,3";
  for (const Stage& stage : build(blueprint_of(config, text, true))) {
    for (const at::Tensor& copy : stage.tied_weights()) CHECK_FALSE(copy.requires_grad());
  }
  config.model.tied = false;
  config.learning.head = "norm_fc";
  CHECK(freezing("0-1") == Flags{true, true, false, false});
}

}  // namespace
}  // namespace interlock::models
