#include "common/error.h"
#include "models/network.h"
#include "models_support.h"
#include "support/temp_folder.h"

namespace interlock::models {
namespace {

using Catch::Matchers::Contains;

// "conv2d(in=16,out=128) relu": the numbers among the arguments, in the order given.
std::string in_words(const std::vector<config::LayerSpec>& layers) {
  std::string text;
  for (const config::LayerSpec& layer : layers) {
    text += (text.empty() ? "" : " ") + layer.kind;
    for (const config::LayerArgument& argument : layer.arguments) {
      text += ":" + argument.name + "=" + std::to_string(std::get<std::int64_t>(argument.value));
    }
  }
  return text;
}

std::string expand(const std::string& text, const Shape& input, const Problem& problem = kImages) {
  config::Config config;
  config.learning.head = text;
  config.origins["learning.head"] = {"a.yaml", 4, 2};
  return in_words(describe_head(config, input, problem));
}

std::string refusal(const std::string& text, const Shape& input) {
  return test::message_of<UsageError>([&] { expand(text, input); });
}

TEST_CASE("the paper's head: two convolutions with batch norm, a global pool, a linear layer") {
  CHECK(expand("conv128_bn_conv64_bn_gbpl_fc", {16, 8, 8}) ==
        "conv2d:in=16:out=128:padding=1 batchnorm2d:channels=128 relu "
        "conv2d:in=128:out=64:padding=1 batchnorm2d:channels=64 relu gbpl linear:in=64:out=10");
}

TEST_CASE("a linear head flattens images first; linear is short for fc") {
  CHECK(expand("fc", {2, 3, 4}) == "flatten linear:in=24:out=10");
  CHECK(expand("linear", {2, 3, 4}) == expand("fc", {2, 3, 4}));
  CHECK(expand("linear", {12}) == "linear:in=12:out=10");
}

TEST_CASE("hidden layers have a ReLU, the last one has none") {
  CHECK(expand("fc32_fc16_fc", {12}) ==
        "linear:in=12:out=32 relu linear:in=32:out=16 relu linear:in=16:out=10");
  CHECK(expand("relu_gbpl_fc", {6, 2, 2}) == "relu gbpl linear:in=6:out=10");
}

TEST_CASE("pooling first makes a convolution cheaper, and is refused where one pixel is left") {
  CHECK(expand("pool_conv8_gbpl_fc", {6, 4, 4}) ==
        "avgpool2d conv2d:in=6:out=8:padding=1 gbpl linear:in=8:out=10");
  CHECK_THAT(refusal("pool_fc", {6, 1, 1}), Contains("in 'pool_fc'") && Contains("avgpool2d"));
}

TEST_CASE("for regression fc gives one output for each number of a target") {
  CHECK(expand("fc", {12}, {{12}, {3}, 0, false}) == "linear:in=12:out=3");
}

TEST_CASE("an unknown part is refused at its place, with the nearest one") {
  CHECK_THAT(refusal("gpbl_fc", {6, 2, 2}), Contains("a.yaml:4:2") && Contains("learning.head") &&
                                                Contains("'gpbl'") && Contains("did you mean 'gbpl'"));
  for (const std::string text : {"conv_fc", "bn2_fc", "gbpl3_fc", "fc__fc", "_fc", "conv8x_fc", "conv08_fc",
                                 "conv99999999_fc", "conv-8_fc", "8_fc"}) {
    INFO(text);
    CHECK_THAT(refusal(text, {6, 2, 2}), Contains("in '" + text + "'"));
  }
}

TEST_CASE("a head that does not end in one output a class is refused") {
  CHECK_THAT(refusal("gbpl", {6, 2, 2}), Contains("must end in fc"));
  CHECK_THAT(refusal("fc8", {6}), Contains("must end in fc"));
  CHECK_THAT(refusal("", {6}), Contains("must end in fc"));
}

TEST_CASE("image layers on vectors are refused with the shape that came") {
  CHECK_THAT(refusal("conv8_fc", {12}), Contains("'conv8'") && Contains("[12]"));
  CHECK_THAT(refusal("gbpl_bn_fc", {6, 2, 2}), Contains("'bn'") && Contains("[6]"));
  CHECK_THAT(refusal("gbpl_gbpl_fc", {6, 2, 2}), Contains("gbpl") && Contains("[6]"));
}

}  // namespace
}  // namespace interlock::models
