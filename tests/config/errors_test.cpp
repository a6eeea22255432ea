// What bad configs lead to: the whole start of each message, so the place and the key are exact.

#include "config_support.h"

namespace interlock::config {
namespace {

struct Bad {
  const char* yaml;
  const char* start;     // what the message starts with, after "configs/a.yaml:"
  const char* contains;  // and something that it says
};

void check_all(const std::vector<Bad>& table) {
  for (const Bad& bad : table) {
    INFO(bad.yaml);
    const std::string message = problem_of(bad.yaml);
    CHECK_THAT(message, Catch::StartsWith(std::string("configs/a.yaml:") + bad.start));
    CHECK_THAT(message, Catch::Contains(bad.contains));
  }
}

}  // namespace

TEST_CASE("an unknown key is refused with its place and the nearest valid name", "[config]") {
  CHECK(problem_of("learning:\n  mix: sum\n  horizn: 2\n") ==
        "configs/a.yaml:3:3: learning.horizn: unknown key; did you mean 'horizon'?");
  check_all({
      {"learnin: {}", "1:1: learnin: ", "unknown section; did you mean 'learning'?"},
      {"\nstages: 3", "2:1: stages: ", "did you mean 'partition.stages'?"},
      {"xyzzyxyzzy: 3", "1:1: xyzzyxyzzy: ", "valid are: model, partition, learning"},
      {"model: {kid: resnet}", "1:9: model.kid: ", "did you mean 'kind'?"},
      {"partition: {stage: 2}", "1:13: partition.stage: ", "did you mean 'stages'?"},
      {"schedule: {microbatches: 2}", "1:12: schedule.microbatches: ", "did you mean 'micro_batches'?"},
      {"data: {pth: x}", "1:8: data.pth: ", "did you mean 'path'?"},
      {"optimizer: {learning_rate: 1}", "1:13: optimizer.learning_rate: ", "valid are: kind, lr"},
      {"optimizer: {schedule: {kind: cosine, min: 1}}", "1:38: optimizer.schedule.min: ", "unknown key"},
      {"training: {batchsize: 1}", "1:12: training.batchsize: ", "did you mean 'batch_size'?"},
      {"run: {device: cpu, dirr: x}", "1:20: run.dirr: ", "did you mean 'dir'?"},
      {"training: {'': 1}", "1:12: training.: ", "unknown key"},
  });
}

TEST_CASE("a wrong type is refused with what is wanted and what stands there", "[config]") {
  check_all({
      {"training:\n  epochs: many",
       "2:11: training.epochs: ", "wants a whole number from 1 to 1000000, got 'many'"},
      {"training: {epochs: 1.5}", "1:20: training.epochs: ", "got '1.5'"},
      {"training: {epochs: '2'}", "1:20: training.epochs: ", "got text '2'"},
      {"training: {epochs: [2]}", "1:20: training.epochs: ", "got a list"},
      {"training: {epochs: {a: 2}}", "1:20: training.epochs: ", "got a map"},
      {"training:\n  epochs:", "2:3: training.epochs: ", "has no value"},
      {"training: {clip_norm: high}", "1:23: training.clip_norm: ", "wants a number at least 0, got 'high'"},
      {"training: {clip_norm: .inf}", "1:23: training.clip_norm: ", "wants a number at least 0, got '.inf'"},
      {"training: {clip_norm: nan}", "1:23: training.clip_norm: ", "got 'nan'"},
      {"data: {shuffle: yes}", "1:17: data.shuffle: ", "wants true or false, got 'yes'"},
      {"data: {shuffle: 1}", "1:17: data.shuffle: ", "wants true or false, got '1'"},
      {"run: {dir: [a]}", "1:12: run.dir: ", "wants text, got a list"},
      {"run: {dir: \"a\\nb\"}", "1:12: run.dir: ", "without control characters"},
      {"model: {kind: sequential, layers: [\"re\\flu\": ]}",
       "1:36: model.layers[0]: ", "without control characters"},
      {"run: {dir: \"a\\0b\"}", "1:12: run.dir: ", "without control characters"},
      {"model: 5", "1:8: model: ", "wants a map of keys, got '5'"},
      {"model: [kind]", "1:8: model: ", "wants a map of keys, got a list"},
      {"optimizer: {kind: [sgd]}", "1:19: optimizer.kind: ", "wants one of sgd, adam, adamw, got a list"},
      {"optimizer: {kind: sdg}", "1:19: optimizer.kind: ", "unknown value 'sdg'; did you mean 'sgd'?"},
      {"model: {channels: 3}", "1:19: model.channels: ", "wants a list of whole numbers"},
      {"model: {channels: [3, x]}", "1:23: model.channels[1]: ", "got 'x'"},
      {"data: {mean: [a]}", "1:15: data.mean[0]: ", "wants a number, got 'a'"},
      {"training: {seed: -1}",
       "1:18: training.seed: ", "wants a whole number from 0 to 18446744073709551615"},
  });
}

TEST_CASE("a value out of range is refused with the range", "[config]") {
  check_all({
      {"partition: {stages: 0}", "1:21: partition.stages: ", "from 1 to 4096, got '0'"},
      {"schedule: {micro_batches: 4097}", "1:27: schedule.micro_batches: ", "from 1 to 4096"},
      {"training: {batch_size: 0}", "1:24: training.batch_size: ", "from 1 to 1000000"},
      {"training: {epochs: 99999999999999999999}", "1:20: training.epochs: ", "from 1 to"},
      {"training: {max_steps: -1}", "1:23: training.max_steps: ", "a whole number, 0 or more"},
      {"training: {label_smoothing: 1}",
       "1:29: training.label_smoothing: ", "a number at least 0 and below 1"},
      {"training: {eval_every_epochs: -2}", "1:31: training.eval_every_epochs: ", "0 or more"},
      {"run: {threads: 257}", "1:16: run.threads: ", "from 1 to 256"},
      {"run: {log_every: -1}", "1:18: run.log_every: ", "0 or more"},
      {"run: {keep_checkpoints: -1}", "1:25: run.keep_checkpoints: ", "from 0 to"},
      {"data: {image_size: 7}", "1:20: data.image_size: ", "from 8 to 256"},
      {"data: {image_size: 257}", "1:20: data.image_size: ", "from 8 to 256"},
      {"data: {downscale: 3}", "1:19: data.downscale: ", "wants 1, 2, 4 or 8, got '3'"},
      {"data: {crop_padding: -1}", "1:22: data.crop_padding: ", "from 0 to"},
      {"data: {limit: -1}", "1:15: data.limit: ", "0 or more"},
      {"data: {train_samples: 0}", "1:23: data.train_samples: ", "from 1 to"},
      {"data: {mean: [0], deviation: [0]}", "1:31: data.deviation[0]: ", "a number above 0, got '0'"},
      {"optimizer: {lr: 0}", "1:17: optimizer.lr: ", "a number above 0"},
      {"optimizer: {lr: 1e999}", "1:17: optimizer.lr: ", "a number above 0, got '1e999'"},
      {"optimizer: {momentum: 1}", "1:23: optimizer.momentum: ", "at least 0 and below 1"},
      {"optimizer: {weight_decay: -1}", "1:27: optimizer.weight_decay: ", "at least 0"},
      {"optimizer: {kind: adam, betas: [0.9, 1]}", "1:38: optimizer.betas[1]: ", "below 1"},
      {"optimizer: {kind: adam, epsilon: 0}", "1:34: optimizer.epsilon: ", "above 0"},
      {"model: {channels: [0]}", "1:20: model.channels[0]: ", "from 1 to"},
      {"learning: {horizon: 0}", "1:21: learning.horizon: ", "a whole number from 1 to"},
      {"learning: {horizon: -2}", "1:21: learning.horizon: ", "a whole number from 1 to"},
      {"learning: {horizon: 1.5}", "1:21: learning.horizon: ", "a whole number from 1 to"},
      {"learning: {mix: [1, -1]}", "1:21: learning.mix[1]: ", "at least 0"},
  });
}

TEST_CASE("a model whose keys contradict its kind is refused", "[config]") {
  check_all({
      {"model: {kind: sequential}", "1:15: model.layers: ", "missing"},
      {"model: {kind: sequential, layers: []}", "1:35: model.layers: ", "is empty"},
      {"model: {kind: resnet, layers: [relu]}", "1:31: model.layers: ", "model.kind: sequential"},
      {"model: {kind: resnet, channels: [1]}", "1:33: model.channels: ", "model.kind: convnet"},
      {"model: {block: basic}", "1:16: model.block: ", "only has a meaning with model.kind: resnet"},
      {"model: {channels: []}", "1:19: model.channels: ", "is empty"},
      {"model:\n  kind: resnet\n  super_blocks: 16,3/32", "3:17: model.super_blocks: ", "got '16,3/32'"},
      {"model: {kind: resnet, super_blocks: ''}", "1:37: model.super_blocks: ", "such as 16,3/32,3/64,3"},
      {"model: {kind: resnet, super_blocks: \"0,1\"}", "1:37: model.super_blocks: ", "got '0,1'"},
      {"model: {layers: relu}", "1:17: model.layers: ", "wants a list of layers"},
      {"model: {layers: [[relu]]}", "1:18: model.layers[0]: ", "got a list"},
      {"model: {layers: [relu, ~]}", "1:24: model.layers[1]: ", "got no value"},
      {"model: {layers: [{linear: 8}]}", "1:27: model.layers[0].linear: ", "wants arguments by name"},
      {"model: {layers: [{linear: {in: [1]}}]}", "1:32: model.layers[0].linear.in: ", "got a list"},
      {"model:\n  layers:\n    - linear:\n      in: 8\n",
       "3:7: model.layers[0]: ", "a map of 2 keys (linear, in)"},
  });
}

TEST_CASE("a cut that does not work is refused", "[config]") {
  check_all({
      {"partition: {layers: [2, 0, 1]}", "1:25: partition.layers[1]: ", "cut leaves stage 1 empty"},
      {"partition: {layers: \"2,-1\"}", "1:21: partition.layers[1]: ", "cut leaves stage 1 empty"},
      {"partition: {layers: [rest, rest]}", "1:21: partition.layers: ", "rest more than once"},
      {"partition: {layers: []}", "1:21: partition.layers: ", "is empty"},
      {"partition: {layers: ''}", "1:21: partition.layers: ", "one count of layers a stage"},
      {"partition: {layers: [2, x]}",
       "1:25: partition.layers[1]: ", "wants a count of layers, or rest, got 'x'"},
      {"partition: {layers: \"2,,1\"}", "1:21: partition.layers[1]: ", "wants a count of layers"},
      {"partition: {stages: 3, layers: [2, 2]}", "1:21: partition.stages: ", "is 3, but partition.layers"},
      {"partition: {balance: auto}", "1:22: partition.balance: ", "auto needs partition.stages"},
      {"partition: {balance: auto, stages: 2, layers: [2, 2]}",
       "1:22: partition.balance: ", "auto is given together with partition.layers (configs/a.yaml:1:47)"},
      {"partition: {balance: cost}", "1:22: partition.balance: ", "valid are: equal, auto"},
  });
}

TEST_CASE("learning that does not fit the stages is refused with both numbers", "[config]") {
  check_all({
      {"partition: {stages: 2}\nlearning: {horizon: 3}",
       "2:21: learning.horizon: ", "is 3, but there are only 2 stages (partition: configs/a.yaml:1:21)"},
      {"learning: {horizon: pairwise}", "1:21: learning.horizon: ", "is 2, but there is only 1 stage"},
      {"learning: {horizon: al}", "1:21: learning.horizon: ", "did you mean 'all'?"},
      {"learning: {mix: farthst}", "1:17: learning.mix: ", "did you mean 'farthest'?"},
      {"partition: {stages: 3}\nlearning: {horizon: 2, mix: [1, 1, 1]}",
       "2:29: learning.mix: ", "has 3 weights, but the horizon is 2"},
      {"partition: {stages: 3}\nlearning: {mix: [1]}",
       "2:17: learning.mix: ", "has 1 weight, but the horizon is 3"},
      {"learning: {mix: []}", "1:17: learning.mix: ", "has 0 weights, but the horizon is 1"},
      {"learning: {mix: [0]}", "1:18: learning.mix[0]: ", "first weight must be above 0"},
      {"learning: {head: linear, heads: []}", "1:18: learning.head: ", "together with learning.heads"},
      {"learning: {head: [gbpl]}", "1:18: learning.head: ", "learning.heads"},
      {"learning: {head: ''}", "1:18: learning.head: ", "is empty"},
      {"learning: {heads: gbpl}", "1:19: learning.heads: ", "wants a list"},
      {"partition: {stages: 3}\nlearning: {heads: [gbpl]}",
       "2:19: learning.heads: ", "has 1 head, but there must be 2"},
      {"partition: {stages: 2}\nlearning: {heads: []}",
       "2:19: learning.heads: ", "has 0 heads, but there must be 1"},
  });
}

TEST_CASE("data, optimizer and batch keys that contradict each other are refused", "[config]") {
  check_all({
      {"data: {kind: cifar10}", "1:14: data.path: ", "missing"},
      {"data: {kind: tensors, path: ''}", "1:29: data.path: ", "missing"},
      {"data: {path: x}", "1:14: data.path: ", "cifar10"},
      {"data: {kind: idx, path: a, eval_path: b}", "1:39: data.eval_path: ", "data.kind: tensors"},
      {"data: {kind: idx, path: a, image_size: 16}", "1:40: data.image_size: ", "data.kind: shapes"},
      {"data: {mean: [0.5, 0.5], deviation: [1]}", "1:37: data.deviation: ", "has 2 numbers"},
      {"data: {mean: [0.5]}", "1:14: data.mean: ", "data.deviation has 0"},
      {"optimizer: {kind: adam, momentum: 0.9}", "1:35: optimizer.momentum: ", "optimizer.kind: sgd"},
      {"optimizer: {kind: sgd, betas: [0.9, 0.9]}", "1:31: optimizer.betas: ", "adam or adamw"},
      {"optimizer: {epsilon: 1}", "1:22: optimizer.epsilon: ", "adam or adamw"},
      {"optimizer: {nesterov: true}", "1:23: optimizer.nesterov: ", "momentum above 0"},
      {"optimizer: {kind: adam, betas: [0.9]}", "1:32: optimizer.betas: ", "wants two numbers, got 1"},
      {"optimizer: {schedule: multistep}", "1:23: optimizer.schedule.milestones: ", "missing"},
      {"optimizer: {schedule: {kind: multistep}}", "1:23: optimizer.schedule.milestones: ", "missing"},
      {"optimizer: {schedule: {kind: multistep, milestones: [3, 3]}}",
       "1:53: optimizer.schedule.milestones: ", "ascending epochs, got 3 after 3"},
      {"optimizer: {schedule: {kind: multistep, milestones: [0]}}",
       "1:54: optimizer.schedule.milestones[0]: ", "1 or more"},
      {"optimizer: {schedule: {kind: cosine, gamma: 0.1}}", "1:45: optimizer.schedule.gamma: ", "multistep"},
      {"optimizer: {schedule: {minimum: 0.1}}", "1:33: optimizer.schedule.minimum: ", "cosine"},
      {"optimizer: {schedule: {kind: cosine, minimum: 0.5}}",
       "1:47: optimizer.schedule.minimum: ", "above optimizer.lr"},
      {"optimizer: {schedule: {kind: inverse_sqrt, warmup_steps: 0}}",
       "1:58: optimizer.schedule.warmup_steps: ", "1 or more"},
      {"optimizer: {schedule: [cosine]}", "1:23: optimizer.schedule: ", "got a list"},
      {"training: {loss: mean_squared_error, label_smoothing: 0.1}",
       "1:55: training.label_smoothing: ", "cross_entropy"},
      {"training: {batch_size: 4}\nschedule: {micro_batches: 5}", "2:27: schedule.micro_batches: ",
       "is 5, more than training.batch_size, which is 4 (configs/a.yaml:1:24)"},
  });
}

TEST_CASE("replicas that cannot share a micro-batch, and transports without GPUs, are refused", "[config]") {
  check_all({
      {"{partition: {replicas: 3}, training: {batch_size: 8}}",
       "1:24: partition.replicas: ", "3 replicas cannot share a micro-batch of 8 samples"},
      {"{partition: {stages: 2, replicas: [1, 4]}, training: {batch_size: 8}, schedule: {micro_batches: 4}}",
       "1:35: partition.replicas: ", "4 replicas of stage 1 cannot share a micro-batch of 2 samples"},
      {"partition: {stages: 2, replicas: [1, 1, 1]}", "1:34: partition.replicas: ", "has 3 entries"},
      {"partition: {replicas: 0}", "1:23: partition.replicas: ", "1 to 1024"},
      {"partition: {replicas: []}", "1:23: partition.replicas: ", "one a stage"},
      {"run: {device: cpu, transport: nccl}", "1:31: run.transport: ", "run.device is cpu"},
      {"training: {loss_scale: 8}", "1:24: training.loss_scale: ", "float16"},
      {"training: {clip_scope: global}", "1:24: training.clip_scope: ", "clip_norm"},
      {"training: {precision: half}", "1:23: training.precision: ", "bfloat16"},
      {"schedule: {wire_dtype: float16}", "1:24: schedule.wire_dtype: ", "bfloat16"},
  });
}

}  // namespace interlock::config
