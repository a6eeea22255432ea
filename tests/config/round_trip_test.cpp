// to_yaml() and back.

#include <limits>

#include "common/random.h"
#include "config/scalar.h"
#include "config_equal.h"
#include "config_support.h"

namespace interlock::config {
namespace {

void check_round_trip(const Config& config) {
  const std::string yaml = to_yaml(config);
  INFO(yaml);
  const Config again = parse_config(yaml, "somewhere/else.yaml", {});
  CHECK(equal(again, config));
  CHECK(to_yaml(again) == yaml);
}

}  // namespace

TEST_CASE("a config written out reads back the same", "[config]") {
  const std::vector<const char*> configs = {
      "",
      kExample,
      "model: {kind: convnet, channels: [3, 7], batch_norm: true, init: 'a b: c.safetensors'}",
      "model: {kind: resnet, block: bottleneck, super_blocks: '64,3/128,4', stem: imagenet}",
      "{partition: {layers: [1, rest, 4]}, learning: {horizon: 2, mix: [1, 0.3], train_all_heads: true}}",
      "{partition: {stages: 3}, learning: {mix: mean, head: conv128_bn_conv64_bn_gbpl_fc}}",
      "{partition: {stages: 3}, learning: {horizon: local, mix: sum, heads: [gbpl, [relu, {linear: {out: "
      "4}}]]}}",
      "data: {train_samples: 3, eval_samples: 0, image_size: 32, flip: true, crop_padding: 2, downscale: 2}",
      "data: {kind: cifar10, path: \"x\\\\y\\\"z\", limit: 3, eval_limit: 4, mean: [0.1], deviation: "
      "[1e-30]}",
      "data: {kind: tensors, path: 'true', eval_path: '12', drop_last: true}",
      "{schedule: {micro_batches: 4}, training: {seed: 18446744073709551615, clip_norm: 0.1, max_steps: 7}}",
      "{training: {loss: mean_squared_error, batch_size: 3}, run: {device: cpu, threads: 3, checkpoint: "
      "false}}",
      "optimizer: {momentum: 0.9, nesterov: true, schedule: {kind: multistep, milestones: [1, 5], gamma: "
      "0.3}}",
      "optimizer: {kind: adam, betas: [0.9, 0.98], epsilon: 1e-9, schedule: inverse_sqrt}",
      "optimizer: {kind: adamw, schedule: {kind: cosine, minimum: 1e-5, warmup_steps: 10}}",
      "{partition: {stages: 3, replicas: 4, sync_batch_norm: true}, training: {batch_size: 16}}",
      "{partition: {layers: [1, 2], replicas: [4, 1]}, training: {batch_size: 16}, schedule: {wire_dtype: "
      "bfloat16, bucket_mib: 3.5}}",
      "training: {precision: float16, loss_scale: 8, loss_scale_window: 5, clip_norm: 1, clip_scope: global}",
      "{training: {precision: bfloat16, deterministic: true, tf32: true}, run: {device: cuda, transport: "
      "nccl, "
      "bind: numa}}",
      "optimizer: {kind: adamw, weight_decay: 0, decay_vectors: false}",
      "model: {kind: transformer_lm, blocks: 3, width: 96, attention_heads: 6, hidden: 100, positions: "
      "rotary, "
      "tied: false, dropout: 0.1}",
      "model: {init: runs/a, new_classifier: true, freeze: '0-3,5'}",
      "data: {kind: text, path: a.txt, holdout: 0.1, holdout_seed: 3, context: 17, cache: /c}",
      "data: {kind: text, path: a, eval_path: b, tokens: words, vocabulary: v.txt, sequences: lines}",
      "data: {kind: text, path: a, tokens: sentencepiece, vocabulary_size: 99}",
      "data: {kind: imagefolder, path: a, image_size: 64, resize: 70, crop_area: [0.5, 1], crop_ratio: [1, "
      "2.5], broken_limit: 0, threads: 5, flip: true}",
  };
  for (const char* yaml : configs) check_round_trip(parse(yaml));
}

TEST_CASE("layer arguments keep value and type through a round trip", "[config]") {
  Config config;
  config.run.dir = "runs/x";
  config.model.kind = ModelKind::kSequential;
  config.model.layers = {LayerSpec::make("a")
                             .with("whole", std::int64_t{-3})
                             .with("number", 2.0)
                             .with("small", 5e-324)
                             .with("large", std::numeric_limits<double>::max())
                             .with("flag", false),
                         LayerSpec::make("odd name: [1]").with("a, b}", std::string("text"))};
  for (const char* text : {"",      "8", "1.5",  "true",  "null",   "~",       "a: b", "#x", "- y",
                           "\"q\"", "'", "a\\b", " pad ", "*alias", "&anchor", "!tag", "{}", "[",
                           "%",     "@", "`",    "No",    "größe",  "1e3",     "x,y"}) {
    config.model.layers.push_back(LayerSpec::make("b").with("text", std::string(text)));
    config.model.init = text;
    config.run.dir = std::string("runs/") + text;
    check_round_trip(config);
  }
}

TEST_CASE("numbers are exact through a round trip", "[config]") {
  SplitMix64 random(7);
  for (int i = 0; i < 500; ++i) {
    Config config = parse("");
    config.optimizer.lr = random.uniform() * 1e-3 + 1e-300;
    config.optimizer.weight_decay = random.uniform(0, 1e6);
    config.training.seed = random.next();
    config.training.clip_norm = static_cast<double>(random.next());
    check_round_trip(config);
  }
  CHECK(format_double(2) == "2.0");
  CHECK(format_double(-2) == "-2.0");
  CHECK(format_double(0.1) == "0.1");
  CHECK(format_double(1e30) == "1e+30");
}

}  // namespace interlock::config
