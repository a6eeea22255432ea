#include "models/precision.h"

#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/cuda.h>

#include "models_support.h"

namespace interlock::models {
namespace {

using config::Precision;

at::ScalarType product_type(at::ScalarType in = at::kFloat) {
  return at::matmul(torch::ones({2, 2}, in), torch::ones({2, 2}, in)).scalar_type();
}

TEST_CASE("an autocast scope computes in its precision and leaves everything as it was") {
  const at::ScalarType type_before = at::autocast::get_autocast_dtype(at::kCPU);
  {
    const AutocastScope scope(at::kCPU, Precision::kFloat16);
    CHECK(product_type() == at::kHalf);
  }
  {
    const AutocastScope scope(at::kCPU, Precision::kBfloat16);
    CHECK(product_type() == at::kBFloat16);
  }
  CHECK(product_type() == at::kFloat);
  CHECK_FALSE(at::autocast::is_autocast_enabled(at::kCPU));
  CHECK(at::autocast::get_autocast_dtype(at::kCPU) == type_before);
}

TEST_CASE("of nested autocast scopes the inner one counts, float32 and other devices included") {
  const AutocastScope outer(at::kCPU, Precision::kBfloat16);
  {
    const AutocastScope inner(at::kCPU, Precision::kFloat16);
    CHECK(product_type() == at::kHalf);
  }
  CHECK(product_type() == at::kBFloat16);
  {
    const AutocastScope inner(at::kCPU, Precision::kFloat32);
    CHECK(product_type() == at::kFloat);
  }
  CHECK(product_type() == at::kBFloat16);
  {
    const AutocastScope accelerator(at::kCUDA, Precision::kFloat16);
    const AutocastScope none(at::kMeta, Precision::kFloat16);
    CHECK(product_type() == at::kBFloat16);
  }
  CHECK_FALSE(at::autocast::is_autocast_enabled(at::kCUDA));
}

TEST_CASE("a cast weight does not outlive the outermost scope") {
  const at::Tensor weight = torch::ones({2, 2}).requires_grad_();
  const at::Tensor x = torch::ones({2, 2});
  const auto product = [&] {
    const AutocastScope scope(at::kCPU, Precision::kBfloat16);
    return at::matmul(x, weight);
  };
  {
    const at::NoGradGuard no_grad;
    CHECK(product()[0][0].item<float>() == 2);
    weight.fill_(3);
  }
  const at::Tensor with_graph = product();
  CHECK(with_graph[0][0].item<float>() == 6);
  REQUIRE(with_graph.requires_grad());
  with_graph.sum().backward();
  CHECK(weight.grad().equal(torch::full({2, 2}, 2.0F)));
}

struct Gradients {
  at::Tensor output;
  std::vector<at::Tensor> weights;
  at::Tensor input;  // undefined where that is tokens
};

// Forward and backward of a network in one stage, with an output gradient of float32, as it comes from above.
Gradients run(const std::string& yaml, const Problem& problem, const at::Tensor& input, Precision precision) {
  config::Config config = parse(yaml);
  config.training.precision = precision;
  const std::vector<Stage> stages = build(blueprint_of(config, problem));
  const LayerSequence& net = stages[0].main();
  at::Tensor x = input.detach();
  if (x.is_floating_point()) x.requires_grad_();
  ForwardContext context;
  context.training = true;
  Gradients result;
  result.output = net.forward(x, context);
  torch::manual_seed(9);
  const at::Tensor above = torch::randn(result.output.sizes()) / 64;
  result.weights = net.parameter_list();
  std::vector<at::Tensor> inputs = result.weights;
  if (x.requires_grad()) inputs.push_back(x);
  result.weights = torch::autograd::grad({result.output}, inputs, {above});
  if (x.requires_grad()) {
    result.input = result.weights.back();
    result.weights.pop_back();
  }
  return result;
}

double relative_error(const at::Tensor& found, const at::Tensor& expected) {
  return ((found.to(at::kFloat) - expected).norm() / expected.norm().clamp_min(1e-6)).item<double>();
}

// All layers that have weights or care for types, in three networks.
struct CastCase {
  const char* yaml;
  Problem problem;
  at::Tensor input;
};
std::vector<CastCase> all_layers() {
  torch::manual_seed(4);
  const at::Tensor images = torch::randn({4, 3, 16, 16}).contiguous(at::MemoryFormat::ChannelsLast);
  return {
      {"model: {kind: sequential, layers: [{conv2d: {in: 3, out: 8, padding: 1}}, {batchnorm2d: {channels: "
       "8}}, relu, {maxpool2d: {kernel: 2}}, {conv2d: {in: 8, out: 8, padding: 1}}, gelu, {dropout: {p: "
       "0.5}}, gbpl, flatten, {linear: {in: 8, out: 16}}, tanh, {layernorm: {features: 16}}, sigmoid, "
       "{linear: {in: 16, out: 10}}]}",
       kImages, images},
      {"model: {kind: resnet, super_blocks: '8,1/16,1'}", kImages, images},
      {"{model: {kind: transformer_lm, blocks: 2, width: 32, attention_heads: 4, positions: rotary, dropout: "
       "0.1}, data: {kind: text, path: none}}",
       {{12}, {12}, 50, true, 50},
       torch::randint(50, {3, 12}, torch::kLong)},
  };
}

TEST_CASE("every layer trains in bfloat16 and float16: weights' gradients are float32, near to float32's") {
  for (const CastCase& one : all_layers()) {
    INFO(one.yaml);
    const Gradients exact = run(one.yaml, one.problem, one.input, Precision::kFloat32);
    CHECK(exact.output.scalar_type() == at::kFloat);
    // A rounding that flips one ReLU or maximum in n moves a gradient by about 1 / sqrt(n): the square root
    // of the type's own error is what to expect.
    for (const auto& [precision, type, tolerance] :
         {std::tuple{Precision::kBfloat16, at::kBFloat16, 0.2}, {Precision::kFloat16, at::kHalf, 0.07}}) {
      INFO(c10::toString(type));
      const Gradients found = run(one.yaml, one.problem, one.input, precision);
      CHECK(found.output.scalar_type() == type);
      CHECK(relative_error(found.output, exact.output) < tolerance);
      CHECK_FALSE(found.output.to(at::kFloat).equal(exact.output));
      double squares = 0, difference = 0;
      for (std::size_t i = 0; i < exact.weights.size(); ++i) {
        CHECK(found.weights[i].scalar_type() == at::kFloat);
        CHECK(found.weights[i].isfinite().all().item<bool>());
        squares += exact.weights[i].square().sum().item<double>();
        difference += (found.weights[i] - exact.weights[i]).square().sum().item<double>();
      }
      CHECK(difference < tolerance * tolerance * squares);
      if (!found.input.defined()) continue;
      CHECK(found.input.scalar_type() == at::kFloat);
      CHECK(relative_error(found.input, exact.input) < tolerance);
    }
  }
}

TEST_CASE("a bfloat16 input of a stage has a bfloat16 gradient") {
  config::Config config = parse("model: {kind: sequential, layers: [{linear: {in: 4, out: 4}}, relu]}");
  config.training.precision = Precision::kBfloat16;
  config.training.loss = config::LossKind::kMeanSquaredError;
  const std::vector<Stage> stages = build(blueprint_of(config, {{4}, {4}}));
  const at::Tensor x = torch::ones({2, 4}, at::kBFloat16).requires_grad_();
  const at::Tensor y = stages[0].main().forward(x, {});
  CHECK(torch::autograd::grad({y}, {x}, {torch::ones({2, 4})})[0].scalar_type() == at::kBFloat16);
}

TEST_CASE("what the neighbour has: rounded once where messages are bfloat16, bfloat16 where layers are too") {
  torch::manual_seed(3);
  const at::Tensor x = torch::randn({2, 3, 4, 5}).contiguous(at::MemoryFormat::ChannelsLast).requires_grad_();
  const at::Tensor rounded = x.detach().to(at::kBFloat16).to(at::kFloat);
  REQUIRE_FALSE(rounded.equal(x));
  for (const Precision precision : {Precision::kFloat32, Precision::kBfloat16, Precision::kFloat16}) {
    config::Config config;
    config.training.precision = precision;
    CHECK(wire_type(config) == at::kFloat);
    CHECK(boundary_type(config) == at::kFloat);
    CHECK(through_wire(x, config).equal(x));
    CHECK(through_wire(x.to(at::kBFloat16), config).scalar_type() == at::kFloat);

    config.schedule.wire_dtype = config::WireType::kBfloat16;
    CHECK(to_wire(x, config).scalar_type() == at::kBFloat16);
    const at::Tensor there = through_wire(x, config);
    CHECK(there.scalar_type() == (precision == Precision::kBfloat16 ? at::kBFloat16 : at::kFloat));
    CHECK(there.scalar_type() == boundary_type(config));
    CHECK(there.to(at::kFloat).equal(rounded));
    CHECK(there.strides() == x.strides());
    CHECK_FALSE(there.requires_grad());
    CHECK(through_wire(there, config).equal(there));
    CHECK(from_wire(to_wire(x, config), config).equal(there));
  }
  config::Config config;
  config.schedule.wire_dtype = config::WireType::kBfloat16;
  const at::Tensor tokens = torch::arange(300);
  CHECK(through_wire(tokens, config).equal(tokens));
  CHECK(through_wire(tokens, config).scalar_type() == at::kLong);
}

TEST_CASE("a stage moves in place: all handles to its tensors move with it") {
  const at::Device device = torch::cuda::is_available() ? at::Device("cuda:0") : at::Device("cpu");
  if (device.is_cpu()) WARN("no GPU found: moved to where it was");
  const config::Config config = parse("{model: {kind: resnet, super_blocks: '4,1'}}");
  std::vector<Stage> stages = build(blueprint_of(config, kImages));
  Stage& stage = stages[0];
  const NamedTensors handles = stage.state();
  std::map<std::string, at::Tensor> values;
  for (const auto& [name, tensor] : handles) values[name] = tensor.detach().clone();
  for (const at::Tensor& weight : stage.main().parameter_list())
    weight.mutable_grad() = torch::ones_like(weight);
  stage.to(device);
  REQUIRE(stage.state().size() == handles.size());
  for (std::size_t i = 0; i < handles.size(); ++i) {
    const auto& [name, tensor] = handles[i];
    INFO(name);
    CHECK(stage.state()[i].second.is_same(tensor));
    CHECK(tensor.device() == device);
    CHECK(tensor.detach().cpu().equal(values.at(name)));
    CHECK_FALSE(tensor.grad().defined());
  }
  ForwardContext context;
  context.training = true;
  stage.main().forward(torch::randn({2, 3, 16, 16}, device), context).sum().backward();
  for (const at::Tensor& weight : stage.main().parameter_list()) CHECK(weight.grad().device() == device);
}

}  // namespace
}  // namespace interlock::models
