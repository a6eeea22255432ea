#include <limits>
#include <set>

#include <ATen/TensorIndexing.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/nn/init.h>
#include <torch/types.h>

#include "common/error.h"
#include "models/layers/registry.h"
#include "models/registered.h"
#include "models_support.h"
#include "support/temp_folder.h"

namespace interlock::models {
namespace {

using Catch::Matchers::Contains;

struct Case {
  const char* layer;
  Shape in, out;
};

// Odd sizes, strides that do not divide them, padding: where a formula and the real thing part ways.
const std::vector<Case> kCases = {
    {"{linear: {in: 5, out: 3}}", {5}, {3}},
    {"{linear: {in: 5, out: 3, bias: false}}", {7, 5}, {7, 3}},
    {"{conv2d: {in: 3, out: 4}}", {3, 9, 7}, {4, 7, 5}},
    {"{conv2d: {in: 3, out: 4, kernel: 5, stride: 2, padding: 2, bias: false}}", {3, 8, 9}, {4, 4, 5}},
    {"{conv2d: {in: 1, out: 2, kernel: 2, stride: 3}}", {1, 7, 8}, {2, 2, 3}},
    {"{batchnorm2d: {channels: 3}}", {3, 4, 5}, {3, 4, 5}},
    {"{layernorm: {features: 6}}", {4, 6}, {4, 6}},
    {"maxpool2d", {2, 7, 8}, {2, 3, 4}},
    {"{maxpool2d: {kernel: 3, stride: 2, padding: 1}}", {2, 8, 7}, {2, 4, 4}},
    {"{avgpool2d: {kernel: 3}}", {2, 8, 9}, {2, 2, 3}},
    {"{avgpool2d: {kernel: 2, stride: 1, padding: 1}}", {2, 4, 5}, {2, 5, 6}},
    {"gbpl", {6, 3, 4}, {6}},
    {"flatten", {2, 3, 4}, {24}},
    {"flatten", {5}, {5}},
    {"relu", {2, 3}, {2, 3}},
    {"gelu", {4}, {4}},
    {"tanh", {4}, {4}},
    {"sigmoid", {4}, {4}},
    {"{dropout: {p: 0.3}}", {2, 3}, {2, 3}},
    {"{embedding: {entries: 11, features: 6}}", {5}, {5, 6}},
    {"{basic_block: {in: 4, width: 4}}", {4, 5, 7}, {4, 5, 7}},
    {"{basic_block: {in: 4, width: 6, stride: 2}}", {4, 7, 8}, {6, 4, 4}},
    {"{bottleneck_block: {in: 8, width: 2}}", {8, 5, 5}, {8, 5, 5}},
    {"{bottleneck_block: {in: 4, width: 2, stride: 2}}", {4, 7, 6}, {8, 4, 3}},
    {"{token_embedding: {entries: 11, width: 6}}", {5}, {5, 6}},
    {"{token_embedding: {entries: 11, width: 6, positions: 7, dropout: 0.2, tied: true}}", {5}, {5, 6}},
    {"{transformer_block: {width: 8, heads: 2, dropout: 0.2}}", {5, 8}, {5, 8}},
    {"{transformer_block: {width: 8, heads: 4, hidden: 5, rotary: true, depth: 3}}", {6, 8}, {6, 8}},
    {"{lm_output: {width: 6, entries: 11}}", {5, 6}, {5, 11}},
    {"{unembed: {in: 6, out: 11}}", {5, 6}, {5, 11}},
    {"{resnet_stem: {in: 3, out: 4}}", {3, 7, 8}, {4, 7, 8}},
    {"{resnet_stem: {in: 3, out: 4, imagenet: true}}", {3, 33, 30}, {4, 9, 8}},
};

struct Sample {
  LayerPtr layer;
  at::Tensor input;  // two samples
};

bool takes_tokens(const std::string& kind) {
  return kind == "embedding" || kind == "token_embedding";
}

Sample make_sample(const Case& test) {
  const config::LayerSpec spec = layers_of(std::string("[") + test.layer + "]").front();
  torch::manual_seed(3);
  Shape shape = test.in;
  shape.insert(shape.begin(), 2);
  Sample sample{make_layer(spec), takes_tokens(spec.kind) ? torch::randint(11, shape) : torch::randn(shape)};
  sample.layer->initialise();
  return sample;
}

TEST_CASE("the table covers every layer of ours") {
  const std::vector<std::string> of_other_tests = registered_names();
  std::set<std::string> covered(of_other_tests.begin(), of_other_tests.end());
  for (const Case& test : kCases) covered.insert(layers_of(std::string("[") + test.layer + "]").front().kind);
  for (const std::string& name : layer_names()) {
    INFO(name);
    CHECK(covered.count(name) == 1);
  }
}

TEST_CASE("every layer's promised output shape is that of its output") {
  for (const Case& test : kCases) {
    INFO(test.layer);
    const Sample sample = make_sample(test);
    CHECK(sample.layer->output_shape(test.in) == test.out);
    for (const bool training : {true, false}) {
      const at::Tensor output = sample.layer->forward(sample.input, {training, 1, 0});
      CHECK(output.sizes().slice(1).vec() == test.out);
      CHECK(output.size(0) == 2);
    }
  }
}

TEST_CASE("no layer changes its input") {
  for (const Case& test : kCases) {
    INFO(test.layer);
    const Sample sample = make_sample(test);
    const at::Tensor before = sample.input.clone();
    for (const bool training : {true, false}) {
      (void)sample.layer->forward(sample.input, {training, 1, 0});
      CHECK(sample.input.equal(before));
    }
  }
}

TEST_CASE("initialising sets every weight, and alike after the same seed") {
  const at::NoGradGuard no_grad;
  for (const Case& test : kCases) {
    INFO(test.layer);
    const LayerPtr layer = make_sample(test).layer;
    std::vector<std::vector<at::Tensor>> drawn;
    for (int draw = 0; draw < 2; ++draw) {
      for (at::Tensor& parameter : layer->parameters())
        parameter.fill_(std::numeric_limits<float>::quiet_NaN());
      torch::manual_seed(4);
      layer->initialise();
      drawn.emplace_back();
      for (const at::Tensor& parameter : layer->parameters()) drawn.back().push_back(parameter.clone());
    }
    for (std::size_t i = 0; i < drawn[0].size(); ++i) {
      CHECK(drawn[0][i].isfinite().all().item<bool>());
      CHECK(drawn[0][i].equal(drawn[1][i]));
    }
  }
}

TEST_CASE("a bottleneck block strides in its 3x3 convolution, so that every pixel counts") {
  const Sample sample =
      make_sample({"{bottleneck_block: {in: 4, width: 2, stride: 2}}", {4, 6, 6}, {8, 3, 3}});
  const at::Tensor before = sample.layer->forward(sample.input, {});
  sample.input.select(2, 1).select(2, 1).add_(10);  // a pixel that a strided 1x1 convolution would skip
  CHECK_FALSE(sample.layer->forward(sample.input, {}).equal(before));
}

TEST_CASE("an input that does not fit is refused with what was wanted and what came") {
  const auto mismatch = [](const std::string& layer, const Shape& in) {
    return test::message_of<ShapeMismatch>(
        [&] { (void)make_layer(layers_of("[" + layer + "]").front())->output_shape(in); });
  };
  CHECK_THAT(mismatch("{linear: {in: 5, out: 3}}", {6}), Contains("5 features") && Contains("[6]"));
  CHECK_THAT(mismatch("{conv2d: {in: 3, out: 4}}", {4, 9, 9}),
             Contains("3 channels") && Contains("[4, 9, 9]"));
  CHECK_THAT(mismatch("{conv2d: {in: 3, out: 4}}", {27}), Contains("[channels, height, width]"));
  CHECK_THAT(mismatch("{conv2d: {in: 3, out: 4, kernel: 5}}", {3, 9, 4}),
             Contains("window of 5") && Contains("4"));
  CHECK_THAT(mismatch("maxpool2d", {3, 1, 1}), Contains("window of 2"));
  CHECK_THAT(mismatch("gbpl", {3}), Contains("[3]"));
  CHECK_THAT(mismatch("{layernorm: {features: 4}}", {5}), Contains("4 features"));
  CHECK_THAT(mismatch("{token_embedding: {entries: 9, width: 4, positions: 3}}", {4}),
             Contains("3 positions") && Contains("4 tokens"));
  CHECK_THAT(mismatch("{transformer_block: {width: 4}}", {5, 6}),
             Contains("[tokens, 4]") && Contains("[5, 6]"));
  CHECK_THAT(mismatch("{batchnorm2d: {channels: 4}}", {3, 2, 2}), Contains("4 channels"));
}

TEST_CASE("a wrong layer is refused at its place, with the nearest name") {
  const auto refusal = [](const std::string& layer) {
    return test::message_of<UsageError>([&] { (void)make_layer(layers_of("[" + layer + "]").front()); });
  };
  CHECK_THAT(refusal("conv2"), Contains("a.yaml:1:") && Contains("did you mean 'conv2d'"));
  CHECK_THAT(refusal("linear"), Contains("in") && Contains("a.yaml:1:"));
  CHECK_THAT(refusal("{linear: {in: 3, out: 4, biass: true}}"), Contains("biass") && Contains("bias"));
  CHECK_THAT(refusal("{relu: {slope: 0.1}}"), Contains("slope"));
  CHECK_THAT(refusal("{linear: {in: 0, out: 4}}"), Contains("in"));
  CHECK_THAT(refusal("{maxpool2d: {kernel: 3, padding: 2}}"), Contains("at most half the kernel"));
  CHECK_THAT(refusal("{transformer_block: {width: 6, heads: 4}}"), Contains("does not divide"));
  CHECK_THAT(refusal("{transformer_block: {width: 6, heads: 2, rotary: true}}"), Contains("even"));
  CHECK_THAT(refusal("{dropout: {p: 1.0}}"), Contains("p"));
}

// oneDNN's own kernel for it overwrites other memory (convolution.cpp), which ends the process, or shows in the gradient.
TEST_CASE(
    "strided 1 x 1 convolutions of few channels have the gradients of a matrix product, again and again") {
  for (const std::int64_t in : {1, 4, 6, 8, 12, 15, 16}) {
    INFO(in << " channels");
    const LayerPtr layer = make_layer(
        layers_of(fmt::format("[{{conv2d: {{in: {}, out: 6, kernel: 1, stride: 2}}}}]", in)).front());
    const at::Tensor weight = layer->parameters().front();
    torch::nn::init::normal_(weight);
    const at::Tensor x = torch::randn({6, in, 8, 8}).contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor picked =
        x.index({"...", torch::indexing::Slice(0, 8, 2), torch::indexing::Slice(0, 8, 2)});
    const at::Tensor upstream = torch::randn({6, 6, 4, 4});
    const at::Tensor expected =
        torch::einsum("nohw,nihw->oi", {upstream.to(at::kDouble), picked.to(at::kDouble)})
            .reshape({6, in, 1, 1});
    for (int again = 0; again < 50; ++again) {
      const at::Tensor y = layer->forward(x, {});
      const at::Tensor found = torch::autograd::grad({y}, {weight}, {upstream}).front();
      REQUIRE((found.to(at::kDouble) - expected).abs().max().item<double>() < 1e-4);
    }
  }
}

}  // namespace
}  // namespace interlock::models
