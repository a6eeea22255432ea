#include "models/pretrained_names.h"
#include "pretrained_support.h"

namespace interlock::models {
namespace {

using Catch::Matchers::Contains;

constexpr std::int64_t kTokens = 11, kWidth = 8, kContext = 6, kBlocks = 2;

const Problem kText{{kContext}, {kContext}, kTokens, true};

config::Config language_model(const std::string& more = "", const std::string& sections = "") {
  return parse("model: {kind: transformer_lm, blocks: 2, width: 8, attention_heads: 2" + more +
               "}\ndata: {kind: text, path: none}\n" + sections);
}

// Random weights under the names of a Hugging Face GPT-2, projections [in, out].
storage::TensorFile gpt2_file(const std::string& prefix, std::int64_t positions = kContext) {
  torch::manual_seed(3);
  storage::TensorFile file;
  const auto add = [&](const std::string& name, const std::vector<std::int64_t>& shape) {
    file.tensors.emplace_back(prefix + name, torch::randn(shape));
  };
  add("wte.weight", {kTokens, kWidth});
  add("wpe.weight", {positions, kWidth});
  for (std::int64_t block = 0; block < kBlocks; ++block) {
    const std::string h = "h." + std::to_string(block) + ".";
    for (const char* norm : {"ln_1", "ln_2"}) {
      add(h + norm + ".weight", {kWidth});
      add(h + norm + ".bias", {kWidth});
    }
    const std::vector<std::tuple<std::string, std::int64_t, std::int64_t>> projections = {
        {"attn.c_attn", kWidth, 3 * kWidth},
        {"attn.c_proj", kWidth, kWidth},
        {"mlp.c_fc", kWidth, 4 * kWidth},
        {"mlp.c_proj", 4 * kWidth, kWidth}};
    for (const auto& [name, in, out] : projections) {
      add(h + name + ".weight", {in, out});
      add(h + name + ".bias", {out});
    }
    add(h + "attn.bias", {1, 1, kContext, kContext});  // the causal mask
    file.tensors.emplace_back(prefix + h + "attn.masked_bias", torch::tensor(-10000.0F));
  }
  add("ln_f.weight", {kWidth});
  add("ln_f.bias", {kWidth});
  return file;
}

struct Gpt2Net : PretrainedNet {
  explicit Gpt2Net(const config::Config& given, const std::string& prefix = "transformer.")
      : PretrainedNet(given, kText) {
    file = gpt2_file(prefix);
  }
};

TEST_CASE("GPT-2's names are known with and without their prefix, and its projections are turned") {
  for (const std::string prefix : {"", "transformer."}) {
    INFO(prefix);
    Gpt2Net net(language_model(), prefix);
    net.load();
    const auto theirs = [&](const std::string& name) { return net.in_file(prefix + name); };
    CHECK(net.now("layers.0.token.weight").equal(theirs("wte.weight")));
    CHECK(net.now("layers.0.position.weight").equal(theirs("wpe.weight")));
    CHECK(net.now("layers.1.norm1.weight").equal(theirs("h.0.ln_1.weight")));
    CHECK(net.now("layers.1.attention.query_key_value.weight").equal(theirs("h.0.attn.c_attn.weight").t()));
    CHECK(net.now("layers.2.attention.query_key_value.bias").equal(theirs("h.1.attn.c_attn.bias")));
    CHECK(net.now("layers.2.attention.output.weight").equal(theirs("h.1.attn.c_proj.weight").t()));
    CHECK(net.now("layers.2.norm2.bias").equal(theirs("h.1.ln_2.bias")));
    CHECK(net.now("layers.1.mlp.expand.weight").equal(theirs("h.0.mlp.c_fc.weight").t()));
    CHECK(net.now("layers.1.mlp.contract.weight").equal(theirs("h.0.mlp.c_proj.weight").t()));
    CHECK(net.now("layers.3.norm.weight").equal(theirs("ln_f.weight")));
    CHECK(net.now("layers.3.projection.weight").equal(theirs("wte.weight")));
  }
}

TEST_CASE("a projection of its own is loaded where the model is not tied, and refused where it is") {
  Gpt2Net untied(language_model(", tied: false"));
  untied.add("lm_head.weight", torch::ones({kTokens, kWidth}));
  untied.load();
  CHECK(untied.now("layers.3.projection.weight").eq(1).all().item<bool>());
  CHECK_FALSE(untied.now("layers.0.token.weight").eq(1).any().item<bool>());
  Gpt2Net tied(language_model());
  tied.add("lm_head.weight", torch::ones({kTokens, kWidth}));
  CHECK_THAT(tied.refusal(), Contains("model.tied: false"));
  tied.in_file("lm_head.weight") = tied.in_file("transformer.wte.weight").clone();
  tied.load();
}

TEST_CASE("a shorter context takes the first positions; a longer one is refused with the most there can be") {
  Gpt2Net net(language_model());
  net.file = gpt2_file("", 20);
  net.load();
  CHECK(net.now("layers.0.position.weight").equal(net.in_file("wpe.weight").narrow(0, 0, kContext)));
  net.file = gpt2_file("", 4);
  CHECK_THAT(net.refusal(), Contains("'wpe.weight'") && Contains("data.context can be 4 at most"));
}

TEST_CASE("more blocks than the model has, fewer, or another vocabulary are refused") {
  Gpt2Net net(language_model());
  net.add("h.2.ln_1.weight", torch::zeros({kWidth}));
  CHECK_THAT(net.refusal(), Contains("'h.2.ln_1.weight'") && Contains("no layer"));
  net.file = gpt2_file("");
  net.remove("h.1.");
  CHECK_THAT(net.refusal(), Contains("12 missing: 'layers.2."));
  net.file = gpt2_file("");
  net.in_file("wte.weight") = torch::zeros({50, kWidth});
  const std::string message = net.refusal();
  CHECK_THAT(message, Contains("its vocabulary has 50 tokens, the data's 11") && !Contains("new_classifier"));
}

TEST_CASE("rotary positions have no place for learned ones") {
  Gpt2Net net(language_model(", positions: rotary"));
  CHECK_THAT(net.refusal(), Contains("'transformer.wpe.weight'") && Contains("no layer"));
}

TEST_CASE("a new classifier is the projection alone, and a tied model has none") {
  Gpt2Net net(language_model(", tied: false, new_classifier: true, init: w"));
  net.config.model.init = net.folder.path_of("w.safetensors");
  const at::Tensor before = net.now("layers.3.projection.weight").clone();
  net.load();
  CHECK(net.now("layers.3.projection.weight").equal(before));
  CHECK(net.now("layers.3.norm.bias").equal(net.in_file("transformer.ln_f.bias")));
  Gpt2Net tied(language_model(", new_classifier: true, init: w"));
  tied.config.model.init = tied.folder.path_of("w.safetensors");
  CHECK_THAT(test::message_of<UsageError>([&] { tied.load(); }),
             Contains("model.new_classifier") && Contains("model.tied: false"));
}

TEST_CASE("heads that share the projection start with the loaded one") {
  Gpt2Net net(language_model("", "partition: {stages: 2}\nlearning: {horizon: 1, head: norm_unembed}"));
  net.load();
  REQUIRE(net.stages[0].tied_weights().size() == 2);
  for (const Stage& stage : net.stages) {
    for (const at::Tensor& copy : stage.tied_weights())
      CHECK(copy.equal(net.in_file("transformer.wte.weight")));
  }
}

}  // namespace
}  // namespace interlock::models
