#include "models/blueprint.h"

#include "common/error.h"
#include "models_support.h"
#include "support/temp_folder.h"

namespace interlock::models {
namespace {

using Catch::Matchers::Contains;

const Problem kVectors{{8}, {}, 4, false};

template <class ErrorKind = UsageError>
std::string refusal(const std::string& yaml, const Problem& problem = kVectors, bool heads = false) {
  return test::message_of<ErrorKind>([&] { blueprint_of(parse(yaml), problem, heads); });
}

std::string sequential(const std::string& layers) {
  return "model: {kind: sequential, layers: " + layers + "}\n";
}

// 8 -> 16 -> 4, cut into [linear, relu] and [linear].
const std::string kNet = sequential("[{linear: {in: 8, out: 16}}, relu, {linear: {in: 16, out: 4}}]") +
                         "partition: {layers: [2, 1]}\n";

TEST_CASE("a stage knows its layers, shapes and numbers of parameters") {
  const Blueprint blueprint = blueprint_of(parse(kNet), kVectors, true);
  REQUIRE(blueprint.stages.size() == 2);
  const StageBlueprint& first = blueprint.stages[0];
  CHECK(first.first_layer == 0);
  CHECK(first.main.size() == 2);
  CHECK(first.input == Shape{8});
  CHECK(first.output == Shape{16});
  CHECK(first.main_parameters == 8 * 16 + 16);
  CHECK(first.head_parameters == 16 * 4 + 4);
  CHECK(first.activation_elements == 16 + 16 + 4);
  const StageBlueprint& last = blueprint.stages[1];
  CHECK(last.stage == 1);
  CHECK(last.first_layer == 2);
  CHECK(last.input == Shape{16});
  CHECK(last.output == Shape{4});
  CHECK(last.head.empty());
  CHECK(last.head_parameters == 0);
}

TEST_CASE("a stage without a head has none, even where the config has a head string") {
  const Blueprint blueprint = blueprint_of(parse(kNet + "learning: {head: fc8_fc}\n"), kVectors, false);
  CHECK(blueprint.stages[0].head.empty());
  CHECK(blueprint.stages[0].head_parameters == 0);
  CHECK(blueprint.stages[0].activation_elements == 32);
}

TEST_CASE("tokens go into the first stage only") {
  const Problem tokens{{5}, {}, 4, true};
  const Blueprint blueprint = blueprint_of(
      parse(sequential("[{embedding: {entries: 9, features: 2}}, flatten, {linear: {in: 10, out: 4}}]") +
            "partition: {layers: [2, 1]}"),
      tokens);
  CHECK(blueprint.stages[0].integer_input);
  CHECK_FALSE(blueprint.stages[1].integer_input);
}

TEST_CASE("layers that do not fit within a stage are refused with layer and shapes") {
  CHECK_THAT(refusal(sequential("[{linear: {in: 8, out: 16}}, {linear: {in: 15, out: 4}}]")),
             Contains("a.yaml:1:") && Contains("layers.1") && Contains("takes 15 features") &&
                 Contains("[16]") && !Contains("stage"));
}

TEST_CASE("layers that do not fit across a cut are refused with the stage they get it from") {
  CHECK_THAT(refusal(sequential("[{linear: {in: 8, out: 16}}, relu, {linear: {in: 15, out: 4}}]") +
                     "partition: {layers: [2, 1]}"),
             Contains("layers.2") && Contains("[16]") && Contains("from stage 0"));
}

TEST_CASE("the first layer must fit the data") {
  CHECK_THAT(refusal(sequential("[{linear: {in: 9, out: 4}}]")), Contains("layers.0") && Contains("[8]"));
}

TEST_CASE("a head must fit the stage's output, the second layer of a head too") {
  CHECK_THAT(refusal(kNet + "learning: {heads: [[relu, {linear: {in: 8, out: 4}}]]}", kVectors, true),
             Contains("heads.0.1") && Contains("[16]"));
}

TEST_CASE("a head that the user wrote is checked even where the horizon does not use it") {
  CHECK_THAT(refusal(kNet + "learning: {heads: [[{linear: {in: 8, out: 4}}]]}", kVectors, false),
             Contains("heads.0.0"));
}

TEST_CASE("the output must be one number a class") {
  CHECK_THAT(refusal(sequential("[{linear: {in: 8, out: 3}}]")),
             Contains("the last layer") && Contains("3 outputs") && Contains("4 classes"));
  CHECK_THAT(refusal(kNet + "learning: {heads: [[{linear: {in: 16, out: 2}}]]}", kVectors, true),
             Contains("the head of stage 0") && Contains("2 outputs"));
  const Problem image{{2, 3, 3}, {}, 4, false};
  CHECK_THAT(refusal(sequential("[relu]"), image), Contains("[2, 3, 3]") && Contains("[classes]"));
}

TEST_CASE("more outputs than classes are fine") {
  CHECK_NOTHROW(blueprint_of(parse(sequential("[{linear: {in: 8, out: 5}}]")), kVectors));
}

TEST_CASE("labels beyond the outputs of a user's file are a data error") {
  CHECK_THAT(refusal<DataError>(sequential("[{linear: {in: 8, out: 3}}]") +
                                "data: {kind: tensors, path: t.safetensors}"),
             Contains("t.safetensors") && Contains("class 3") && Contains("3 outputs"));
}

TEST_CASE("for regression the output must have the targets' shape") {
  const std::string loss = "training: {loss: mean_squared_error}\ndata: {kind: tensors, path: t}";
  const Problem regression{{8}, {3}, 0, false};
  CHECK_NOTHROW(blueprint_of(parse(sequential("[{linear: {in: 8, out: 3}}]") + loss), regression));
  CHECK_THAT(refusal(sequential("[{linear: {in: 8, out: 4}}]") + loss, regression),
             Contains("[4]") && Contains("[3]"));
}

}  // namespace
}  // namespace interlock::models
