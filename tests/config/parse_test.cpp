// What good configs mean: defaults, every key, the promised example.

#include "config/config.h"
#include "config_equal.h"
#include "config_support.h"

namespace interlock::config {

TEST_CASE("an empty config is all defaults", "[config]") {
  Config expected;
  expected.run.dir = "runs/a";
  for (const char* yaml : {"", "\n", "# only a comment\n", "---\n", "{}", "model:\ntraining: {}\nrun: ~\n"}) {
    INFO(yaml);
    const Config config = parse(yaml);
    CHECK(equal(config, expected));
    CHECK(config.origins.empty());
  }
}

TEST_CASE("the example of the design parses to its values", "[config]") {
  const Config config = parse(kExample);
  CHECK(config.model.kind == ModelKind::kSequential);
  REQUIRE(config.model.layers.size() == 5);
  CHECK(config.model.layers[0] ==
        LayerSpec::make("linear").with("in", std::int64_t{8}).with("out", std::int64_t{16}));
  CHECK(config.model.layers[1] == LayerSpec::make("relu"));
  CHECK(config.model.layers[4].arguments[1].where.text() == "configs/a.yaml:8:29");
  CHECK(config.model.init == "start.safetensors");
  CHECK(config.partition.layers == std::vector<int>{2, 2, 1});
  CHECK(config.partition.stages == 3);
  CHECK(config.learning.horizon == 2);
  CHECK(config.horizon() == 2);
  CHECK(config.learning.mix == MixKind::kFarthest);
  REQUIRE(config.learning.heads.size() == 2);
  REQUIRE(config.learning.heads[1].size() == 1);
  CHECK(config.learning.heads[1][0].kind == "linear");
  CHECK(config.schedule.micro_batches == 1);
  CHECK(config.data.kind == DataKind::kTensors);
  CHECK(config.data.path == "train.safetensors");
  CHECK_FALSE(config.data.shuffle);
  CHECK(config.optimizer.lr == 0.1);
  CHECK(config.optimizer.momentum == 0.9);
  CHECK(config.training.batch_size == 8);
  CHECK(config.run.dir == "runs/mlp");
}

TEST_CASE("every key of the model section is read", "[config]") {
  CHECK(parse("model: {layers: [relu]}").model.kind == ModelKind::kSequential);
  const ModelConfig convnet = parse("model: {kind: convnet, channels: [4, 8], batch_norm: true}").model;
  CHECK(convnet.channels == std::vector<std::int64_t>{4, 8});
  CHECK(convnet.batch_norm);
  const ModelConfig resnet =
      parse("model: {kind: resnet, block: bottleneck, super_blocks: \"64,3/128,4\", stem: imagenet, init: w}")
          .model;
  CHECK(resnet.kind == ModelKind::kResnet);
  CHECK(resnet.block == ResnetBlock::kBottleneck);
  CHECK(resnet.super_blocks == "64,3/128,4");
  CHECK(resnet.stem == ResnetStem::kImagenet);
  CHECK(resnet.init == "w");
}

TEST_CASE("a layer's arguments keep their types", "[config]") {
  const Config config = parse(
      "model:\n  layers:\n    - dropout: {p: 0.5, n: 3, on: true, name: x, q: '8', d: 1e-3}\n"
      "    - flatten:\n");
  const std::vector<LayerArgument>& arguments = config.model.layers[0].arguments;
  REQUIRE(arguments.size() == 6);
  CHECK(std::get<double>(arguments[0].value) == 0.5);
  CHECK(std::get<std::int64_t>(arguments[1].value) == 3);
  CHECK(std::get<bool>(arguments[2].value));
  CHECK(std::get<std::string>(arguments[3].value) == "x");
  CHECK(std::get<std::string>(arguments[4].value) == "8");
  CHECK(std::get<double>(arguments[5].value) == 1e-3);
  CHECK(config.model.layers[1] == LayerSpec::make("flatten"));
}

TEST_CASE("a cut can be a list or a string, with rest once", "[config]") {
  for (const char* layers : {"[2, 1, rest]", "\"2,1,rest\"", "2, 1, rest"}) {
    const Config config = parse(std::string("partition:\n  layers: ") + layers);
    CHECK(config.partition.layers == std::vector<int>{2, 1, kRestOfLayers});
    CHECK(config.partition.stages == 3);
  }
  CHECK(parse("partition: {stages: 4}").partition.stages == 4);
  CHECK(parse("partition: {stages: 2, layers: [1, 1]}").partition.stages == 2);
}

TEST_CASE("the horizon has names", "[config]") {
  const auto learning = [](const char* horizon) {
    return parse(std::string("{partition: {stages: 3}, learning: {horizon: ") + horizon + "}}");
  };
  CHECK(learning("local").learning.horizon == 1);
  CHECK(learning("pairwise").learning.horizon == 2);
  CHECK(learning("3").learning.horizon == 3);
  for (const char* name : {"all", "end_to_end"}) {
    CHECK(learning(name).learning.horizon == kHorizonAll);
    CHECK(learning(name).horizon() == 3);
  }
}

TEST_CASE("every key of the learning section is read", "[config]") {
  const LearningConfig weights = parse(
                                     "{partition: {stages: 3}, learning: {horizon: 2, mix: [1, 0.5], head: "
                                     "conv128_fc, train_all_heads: true}}")
                                     .learning;
  CHECK(weights.mix == MixKind::kWeights);
  CHECK(weights.mix_weights == std::vector<double>{1, 0.5});
  CHECK(weights.head == "conv128_fc");
  CHECK(weights.train_all_heads);
  CHECK(parse("learning: {mix: sum}").learning.mix == MixKind::kSum);
  CHECK(parse("learning: {mix: mean}").learning.mix == MixKind::kMean);
  const Config heads =
      parse("{partition: {stages: 4}, learning: {heads: [gbpl, [relu, gbpl], {linear: {out: 2}}]}}");
  REQUIRE(heads.learning.heads.size() == 3);
  CHECK(heads.learning.heads[0] == std::vector<LayerSpec>{LayerSpec::make("gbpl")});
  CHECK(heads.learning.heads[1].size() == 2);
  CHECK(heads.learning.heads[2][0].required_int("out", 1) == 2);
}

TEST_CASE("every key of the data section is read", "[config]") {
  const DataConfig shapes = parse("data: {train_samples: 5, eval_samples: 0, image_size: 8}").data;
  CHECK(shapes.train_samples == 5);
  CHECK(shapes.eval_samples == 0);
  CHECK(shapes.image_size == 8);
  const DataConfig data = parse(R"(data:
  kind: cifar100
  path: /data/cifar
  limit: 10
  eval_limit: 4
  downscale: 4
  crop_padding: 4
  flip: true
  shuffle: false
  drop_last: true
  mean: [.4914, .4822, .4465]
  deviation: [0.246, 0.2411, 1]
)")
                              .data;
  CHECK(data.kind == DataKind::kCifar100);
  CHECK(data.path == "/data/cifar");
  CHECK(data.limit == 10);
  CHECK(data.eval_limit == 4);
  CHECK(data.downscale == 4);
  CHECK(data.crop_padding == 4);
  CHECK(data.flip);
  CHECK_FALSE(data.shuffle);
  CHECK(data.drop_last);
  CHECK(data.mean == std::vector<double>{.4914, .4822, .4465});
  CHECK(data.deviation == std::vector<double>{.246, .2411, 1});
  CHECK(parse("data: {kind: tensors, path: a, eval_path: b}").data.eval_path == "b");
  CHECK(parse("data: {kind: idx, path: a}").data.kind == DataKind::kIdx);
  CHECK(parse("data: {kind: cifar10, path: a}").data.kind == DataKind::kCifar10);
}

TEST_CASE("the optimizer's defaults follow its kind", "[config]") {
  const OptimizerConfig sgd =
      parse("optimizer: {momentum: 0.9, nesterov: true, weight_decay: 2e-4}").optimizer;
  CHECK(sgd.lr == 0.1);
  CHECK(sgd.momentum == 0.9);
  CHECK(sgd.nesterov);
  CHECK(sgd.weight_decay == 2e-4);
  const OptimizerConfig adam = parse("optimizer: {kind: adam, betas: [0.9, 0.98], epsilon: 1e-9}").optimizer;
  CHECK(adam.lr == 0.001);
  CHECK(adam.beta2 == 0.98);
  CHECK(adam.epsilon == 1e-9);
  CHECK(adam.weight_decay == 0);
  CHECK(parse("optimizer: {kind: adamw}").optimizer.weight_decay == 0.01);
  CHECK(parse("optimizer: {kind: adamw, weight_decay: 0, lr: 1}").optimizer.weight_decay == 0);
}

TEST_CASE("a learning-rate schedule is a name or a map", "[config]") {
  const auto schedule = [](const std::string& text) {
    return parse("optimizer:\n  schedule: " + text).optimizer.schedule;
  };
  CHECK(schedule("constant").kind == LearningRateKind::kConstant);
  CHECK(schedule("cosine").kind == LearningRateKind::kCosine);
  CHECK(schedule("{kind: cosine, minimum: 0.01, warmup_steps: 5}").minimum == 0.01);
  CHECK(schedule("inverse_sqrt").warmup_steps == 4000);
  CHECK(schedule("{kind: inverse_sqrt}").warmup_steps == 4000);
  CHECK(schedule("{kind: inverse_sqrt, warmup_steps: 7}").warmup_steps == 7);
  const LearningRateConfig steps =
      schedule("{kind: multistep, milestones: [91, 136], gamma: 0.2, warmup_steps: 3}");
  CHECK(steps.milestones == std::vector<std::int64_t>{91, 136});
  CHECK(steps.gamma == 0.2);
  CHECK(steps.warmup_steps == 3);
}

TEST_CASE("every key of training, schedule, run and profile is read", "[config]") {
  const Config config = parse(R"(
schedule: {micro_batches: 4}
training: {batch_size: 32, epochs: 3, max_steps: 9, loss: cross_entropy, label_smoothing: 0.1, clip_norm: 1,
           seed: 18446744073709551615, eval_every_epochs: 0, nonfinite: rewind, nonfinite_limit: 3}
run: {dir: "out put", device: cpu, threads: 2, log_every: 10, keep_checkpoints: 0, checkpoint: false,
      checkpoint_every_steps: 5, keep_best: true, watchdog_seconds: 7, setup_watchdog_seconds: 0,
      checkpoint_watchdog_seconds: 1.5, tensorboard: false}
profile: {wait: 2, warmup: 3, active: 4, operators: false}
)");
  CHECK(config.schedule.micro_batches == 4);
  CHECK(config.training.batch_size == 32);
  CHECK(config.training.epochs == 3);
  CHECK(config.training.max_steps == 9);
  CHECK(config.training.label_smoothing == 0.1);
  CHECK(config.training.clip_norm == 1);
  CHECK(config.training.seed == 18446744073709551615ULL);
  CHECK(config.training.eval_every_epochs == 0);
  CHECK(config.run.dir == "out put");
  CHECK(config.run.device == DeviceKind::kCpu);
  CHECK(config.run.threads == 2);
  CHECK(config.run.log_every == 10);
  CHECK(config.run.keep_checkpoints == 0);
  CHECK_FALSE(config.run.checkpoint);
  CHECK(config.run.checkpoint_every_steps == 5);
  CHECK(config.run.keep_best);
  CHECK(config.run.watchdog_seconds == 7);
  CHECK(config.run.setup_watchdog_seconds == 0);
  CHECK(config.run.checkpoint_watchdog_seconds == 1.5);
  CHECK_FALSE(config.run.tensorboard);
  CHECK(config.profile.wait == 2);
  CHECK(config.profile.warmup == 3);
  CHECK(config.profile.active == 4);
  CHECK_FALSE(config.profile.operators);
  CHECK(config.training.nonfinite == NonfiniteKind::kRewind);
  CHECK(config.training.nonfinite_limit == 3);
  CHECK(parse("training: {loss: mean_squared_error}").training.loss == LossKind::kMeanSquaredError);
}

TEST_CASE("a config remembers where each given key stands", "[config]") {
  const Config config =
      parse("partition:\n  layers: [1, rest]\noptimizer:\n  schedule: cosine\n", {"training.seed=3"});
  CHECK(config.where("partition.layers").text() == "configs/a.yaml:2:11");
  CHECK(config.where("partition.stages").text() == "configs/a.yaml:2:11");
  CHECK(config.where("optimizer.schedule.minimum").text() == "configs/a.yaml:4:13");
  CHECK(config.where("training.seed").text() == "command line");
  CHECK(config.where("training.epochs").text() == "default");
  CHECK(config.where("optimizer.lr").text() == "default");
}

}  // namespace interlock::config
