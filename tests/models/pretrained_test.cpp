#include "models/pretrained.h"

#include "pretrained_support.h"
#include "storage/shard.h"

namespace interlock::models {
namespace {

using Catch::Matchers::Contains;

TEST_CASE("a whole file sets every tensor of every stage, buffers and heads included") {
  PretrainedNet net(small_resnet());
  REQUIRE_FALSE(net.loaded("layers."));
  net.load();
  CHECK(net.loaded(""));
  CHECK(net.stages[0].main().parameters().front().second.requires_grad());
}

TEST_CASE("a file without the head leaves it as it was") {
  PretrainedNet net(small_resnet());
  net.remove("heads.");
  const at::Tensor before = net.now("heads.0.1.weight").clone();
  net.load();
  CHECK(net.now("heads.0.1.weight").equal(before));
  CHECK(net.loaded("layers."));
}

TEST_CASE("half a head is refused") {
  PretrainedNet net(small_resnet());
  net.remove("heads.0.1.bias");
  CHECK_THAT(net.refusal(), Contains("missing: 'heads.0.1.bias'"));
}

TEST_CASE(
    "batch-norm statistics may be missing, but not of a frozen layer, which would keep the wrong ones") {
  PretrainedNet net(small_resnet());
  net.remove("layers.0.bn1.running_mean");
  net.remove("layers.0.bn1.num_batches_tracked");
  net.load();
  CHECK(net.now("layers.0.bn1.running_mean").eq(0).all().item<bool>());
  PretrainedNet frozen(small_resnet(", freeze: '0'"));
  frozen.remove("layers.0.bn1.num_batches_tracked");
  frozen.load();
  frozen.remove("layers.0.bn1.running_mean");
  CHECK_THAT(frozen.refusal(), Contains("1 missing: 'layers.0.bn1.running_mean'"));
}

TEST_CASE("all that does not fit is in one message, and nothing is loaded") {
  PretrainedNet net(small_resnet());
  net.remove("layers.1.conv1.weight");
  net.remove("layers.3");
  net.in_file("layers.2.conv2.weight") = torch::zeros({4, 4, 1, 1});
  net.in_file("layers.4.bias") = torch::zeros({10}, torch::kLong);
  net.add("encoder.weight", torch::zeros({3}));
  const std::string message = net.refusal();
  CHECK_THAT(message,
             Contains("w.safetensors") && Contains("1 missing: 'layers.1.conv1.weight' [4, 4, 3, 3]"));
  CHECK_THAT(message, Contains("2 of another shape or type: 'layers.2.conv2.weight' is Float [4, 4, 1, 1], "
                               "expected Float [4, 4, 3, 3]"));
  CHECK_THAT(message, Contains("'layers.4.bias' is Long [10], expected Float [10]"));
  CHECK_THAT(message, Contains("1 that belong to no layer: 'encoder.weight' [3]"));
}

TEST_CASE("many missing tensors are counted, and the first few named") {
  PretrainedNet net(small_resnet());
  net.remove("layers.1");
  net.remove("layers.2");
  CHECK_THAT(net.refusal(), Contains("12 missing: 'layers.1.conv1.weight'") && Contains("and 8 more"));
}

TEST_CASE("other float types are converted") {
  PretrainedNet net(small_resnet());
  net.in_file("layers.4.weight") = torch::full({10, 4}, 0.5, torch::kDouble);
  net.in_file("layers.4.bias") = torch::full({10}, 0.25, torch::kHalf);
  net.load();
  CHECK(net.now("layers.4.weight").eq(0.5).all().item<bool>());
  CHECK(net.now("layers.4.bias").eq(0.25).all().item<bool>());
  CHECK(net.now("layers.4.bias").scalar_type() == torch::kFloat);
}

TEST_CASE("a tensor that fits no layer is refused by name") {
  for (const std::string name : {"layers.5.weight", "layers.0.weight", "layers.0.conv1", "conv1.weight",
                                 "layers.x.weight", "layers.-1.weight", "layers.0"}) {
    INFO(name);
    PretrainedNet net(small_resnet());
    net.add(name, torch::zeros({1}));
    CHECK_THAT(net.refusal(), Contains("'" + name + "'") && Contains("no layer"));
  }
}

TEST_CASE("heads of another cut are ignored") {
  PretrainedNet net(small_resnet());
  net.add("heads.7.0.weight", torch::zeros({1}));
  net.load();
  CHECK(net.loaded("layers."));
}

TEST_CASE("a classifier of another shape is refused with the way out, and the way out works") {
  PretrainedNet net(small_resnet());
  net.in_file("layers.4.weight") = torch::zeros({1000, 4});
  net.in_file("heads.0.1.weight") = torch::zeros({1000, 4});
  CHECK_THAT(net.refusal(), Contains("model.new_classifier: true"));
  net.in_file("layers.2.conv1.weight") = torch::zeros({1});
  net.config.model.new_classifier = true;
  CHECK_THAT(net.refusal(), Contains("1 of another") && !Contains("model.new_classifier"));
  net.in_file("layers.2.conv1.weight") = torch::ones({4, 4, 3, 3});
  net.remove("layers.4.bias");
  const at::Tensor before = net.now("layers.4.weight").clone();
  const at::Tensor head = net.now("heads.0.1.bias").clone();
  net.load();
  CHECK(net.now("layers.4.weight").equal(before));
  CHECK(net.now("heads.0.1.bias").equal(head));
  for (const char* layer : {"layers.0", "layers.1", "layers.2"}) CHECK(net.loaded(layer));
}

// A checkpoint of these stages with another vocabulary in its shards.
void write_checkpoint(const PretrainedNet& net, const std::string& directory, std::int64_t step) {
  storage::Manifest manifest;
  manifest.step = step;
  for (int number = 0; number < 2; ++number) {
    storage::TensorFile shard;
    for (const auto& entry : net.file.tensors) {
      const bool upper = entry.first >= "layers.2";
      if (upper == (number == 1)) shard.tensors.emplace_back(entry.first, entry.second + step);
    }
    shard.tensors.emplace_back("optimizer.layers.0.conv1.weight.momentum_buffer" + std::to_string(number),
                               torch::zeros({2}));
    shard.metadata = {
        {"stage", std::to_string(number)}, {"last_layer", number == 0 ? "1" : "4"}, {"vocabulary", "abc"}};
    manifest.shards.push_back(storage::write_shard(directory, number, shard));
  }
  storage::write_manifest(directory, manifest);
}

TEST_CASE("a run's folder gives its newest checkpoint, whatever the cut; optimizer state is left out") {
  const test::TempFolder run;
  PretrainedNet net(small_resnet());
  net.config.model.init = run.path();
  CHECK_THAT(net.refusal(), Contains("no checkpoint here"));
  for (const std::int64_t step : {3, 12})
    write_checkpoint(net, storage::checkpoint_directory(run.path(), step), step);
  net.load();
  CHECK(net.now("layers.4.weight").equal(net.in_file("layers.4.weight") + 12));
  CHECK(net.now("heads.0.1.weight").equal(net.in_file("heads.0.1.weight") + 12));
  net.config.model.init = storage::checkpoint_directory(run.path(), 3);
  net.load();
  CHECK(net.now("layers.4.weight").equal(net.in_file("layers.4.weight") + 3));
}

TEST_CASE("a head of a checkpoint that followed another layer starts afresh") {
  const test::TempFolder run;
  PretrainedNet net(small_resnet());
  write_checkpoint(net, storage::checkpoint_directory(run.path(), 1), 1);
  config::Config other = small_resnet();
  other.partition.layers = {3, 2};
  PretrainedNet elsewhere(other);
  elsewhere.config.model.init = run.path();
  const at::Tensor before = elsewhere.now("heads.0.1.weight").clone();
  elsewhere.load();
  CHECK(elsewhere.now("heads.0.1.weight").equal(before));
  CHECK(elsewhere.now("layers.2.conv1.weight").equal(net.in_file("layers.2.conv1.weight") + 1));
}

TEST_CASE("weights that were trained with another vocabulary are refused") {
  const test::TempFolder run;
  PretrainedNet net(small_resnet());
  write_checkpoint(net, storage::checkpoint_directory(run.path(), 1), 1);
  net.config.model.init = run.path();
  CHECK_THAT(net.refusal("xyz"), Contains("another vocabulary (abc)") && Contains("(xyz)"));
  net.load("abc");
}

}  // namespace
}  // namespace interlock::models
