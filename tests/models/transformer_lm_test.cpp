// The language model as a network: what a position sees, and what copies of one matrix have in common.

#include <algorithm>

#include "common/error.h"
#include "models_support.h"
#include "support/temp_folder.h"

namespace interlock::models {
namespace {

using Catch::Matchers::Contains;

constexpr std::int64_t kTokens = 6, kVocabulary = 11;
const Problem kText{{kTokens}, {kTokens}, kVocabulary, true};

config::Config language_model(const std::string& model, const std::string& rest = "") {
  return parse("model: {kind: transformer_lm, blocks: 3, width: 8, attention_heads: 2" + model + "}\n" +
               rest);
}

at::Tensor run(const config::Config& config, const at::Tensor& tokens) {
  const at::NoGradGuard no_grad;
  at::Tensor h = tokens;
  for (const Stage& stage : build(blueprint_of(config, kText))) h = stage.main().forward(h, {});
  return h;
}

at::Tensor random_tokens() {
  torch::manual_seed(5);
  return torch::randint(kVocabulary, {2, kTokens}, torch::kLong);
}

TEST_CASE("a position sees itself and what is before it, nothing after") {
  for (const char* const positions : {"", ", positions: rotary"}) {
    const config::Config config = language_model(positions);
    const at::Tensor tokens = random_tokens();
    const at::Tensor scores = run(config, tokens);
    CHECK(scores.sizes().vec() == Shape{2, kTokens, kVocabulary});
    at::Tensor changed = tokens.clone();
    changed.select(1, 3).copy_((changed.select(1, 3) + 1) % kVocabulary);
    const at::Tensor other = run(config, changed);
    CHECK(other.slice(1, 0, 3).equal(scores.slice(1, 0, 3)));
    for (std::int64_t t = 3; t < kTokens; ++t) CHECK_FALSE(other.select(1, t).equal(scores.select(1, t)));
    // So padding at the end, whatever it holds, is as good as a shorter sample.
    CHECK(run(config, tokens.slice(1, 0, 4)).allclose(scores.slice(1, 0, 4), 1e-5, 1e-6));
  }
}

TEST_CASE("positions count: the same token twice scores differently") {
  for (const char* const positions : {"", ", positions: rotary"}) {
    const at::Tensor tokens = torch::tensor({{3, 5, 3, 5, 3, 5}}, torch::kLong);
    const at::Tensor scores = run(language_model(positions), tokens);
    CHECK_FALSE(scores.select(1, 2).allclose(scores.select(1, 4), 1e-6, 1e-8));
  }
}

TEST_CASE("rotary attention sees distances: the same words later score the same") {
  // Without an embedding of positions, a block's output depends on differences of positions only.
  torch::manual_seed(6);
  const at::Tensor x = torch::randn({1, 4, 8});
  const auto block = layers_of("[{transformer_block: {width: 8, heads: 2, rotary: true}}]").front();
  const LayerSequence sequence({block}, "layers", 0, 1, SeedPurpose::kLayerWeights, 0);
  const at::Tensor twice = sequence.forward(at::cat({x, x}, 1), {});
  const at::Tensor once = sequence.forward(x, {});
  CHECK(twice.slice(1, 0, 4).allclose(once, 1e-5, 1e-6));
  CHECK_FALSE(twice.slice(1, 4).allclose(once, 1e-5, 1e-6));  // it also sees the first four
}

TEST_CASE("the cut changes neither weights nor scores, embedding and output alone included") {
  const at::Tensor tokens = random_tokens();
  const at::Tensor whole = run(language_model(""), tokens);
  for (const char* const cut : {"[1, rest]", "[4, 1]", "[1, 1, 1, 1, 1]", "[2, rest, 1]"}) {
    CHECK(run(language_model("", std::string("partition: {layers: ") + cut + "}"), tokens).equal(whole));
  }
}

TEST_CASE("all copies of the tied matrix start alike, on any cut, those of heads included") {
  const config::Config config =
      language_model("", "partition: {layers: [2, 2, 1]}\nlearning: {head: norm_unembed}");
  const Blueprint blueprint = blueprint_of(config, kText, /*heads=*/true);
  std::vector<at::Tensor> copies;
  for (const Stage& stage : build(blueprint)) {
    const std::vector<at::Tensor> own = stage.tied_weights();
    CHECK(static_cast<int>(own.size()) == stage.blueprint().tied_weights);
    copies.insert(copies.end(), own.begin(), own.end());
  }
  REQUIRE(copies.size() == 4);  // the embedding and its stage's head, the middle head, the output
  for (const at::Tensor& copy : copies) {
    CHECK(copy.equal(copies.front()));
    const auto same = [&](const at::Tensor& other) { return other.is_same(copy); };
    CHECK(std::count_if(copies.begin(), copies.end(), same) == 1);  // each has its own memory
  }
}

TEST_CASE("untied, embedding and output have matrices of their own") {
  const std::vector<Stage> stages = build(blueprint_of(language_model(", tied: false"), kText));
  CHECK(stages.front().tied_weights().empty());
  const auto tensors = tensors_of(stages);
  CHECK_FALSE(tensors.at("layers.0.token.weight").equal(tensors.at("layers.4.projection.weight")));
}

TEST_CASE("heads of a language model: norm, block, projection, and the shared one") {
  for (const char* const head : {"norm_fc", "block_norm_fc", "norm_unembed", "norm_fc16_fc"}) {
    const config::Config config =
        language_model("", std::string("partition: {layers: [2, 3]}\nlearning: {head: ") + head + "}");
    const std::vector<Stage> stages = build(blueprint_of(config, kText, true));
    const at::Tensor h = stages[0].main().forward(random_tokens(), {});
    CHECK(stages[0].head().forward(h, {}).sizes().vec() == Shape{2, kTokens, kVocabulary});
  }
  CHECK(language_model("").learning.head == "norm_fc");
}

TEST_CASE("a language model on images, or on too long a text, is refused") {
  const auto refusal = [](const config::Config& config, const Problem& problem) {
    return test::message_of<UsageError>([&] { blueprint_of(config, problem); });
  };
  CHECK_THAT(refusal(language_model(""), kImages), Contains("transformer_lm") && Contains("data.kind: text"));
  CHECK_THAT(refusal(parse("model: {kind: convnet}"), kText), Contains("[6]"));
}

}  // namespace
}  // namespace interlock::models
