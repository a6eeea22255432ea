#include "training/stage_checkpoint.h"

#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "common/error.h"
#include "support/small_runs.h"
#include "support/temp_folder.h"

namespace interlock::training {
namespace {

using Catch::Matchers::Contains;
using test::TempFolder;

// All stages of a run, with their optimizers.
struct Run {
  explicit Run(const std::string& sections, std::uint64_t seed = 1)
      : plan(test::make_plan(test::kMlp + sections)) {
    for (const models::StageBlueprint& blueprint : plan.blueprint.stages)
      stages.emplace_back(blueprint, seed);
    for (const models::Stage& stage : stages) {
      optimizers.push_back(std::make_unique<StageOptimizer>(stage, plan.config));
    }
  }
  // Steps with gradients that depend on the parameter's name and the step alone.
  void train(int first_step, int last_step) {
    for (int step = first_step; step <= last_step; ++step) {
      for (std::size_t k = 0; k < stages.size(); ++k) {
        for (const auto& [name, tensor] : stages[k].state()) {
          if (!tensor.requires_grad()) continue;
          torch::manual_seed(std::hash<std::string>{}(name) + static_cast<std::uint64_t>(step));
          tensor.mutable_grad() = torch::randn_like(tensor);
        }
        optimizers[k]->step(0.05);
      }
    }
  }
  void save(const std::string& directory) const {
    storage::Manifest manifest{3, 1, {}};
    for (std::size_t k = 0; k < stages.size(); ++k) {
      manifest.shards.push_back(write_stage_checkpoint(directory, stages[k], *optimizers[k]));
    }
    storage::write_manifest(directory, manifest);
  }
  void load(const std::string& directory) {
    for (std::size_t k = 0; k < stages.size(); ++k)
      load_stage_checkpoint(directory, stages[k], *optimizers[k]);
  }

  RunPlan plan;
  std::vector<models::Stage> stages;
  std::vector<std::unique_ptr<StageOptimizer>> optimizers;
};

const std::string kTwoStages = "partition: {layers: [2, 5]}\n";
const std::vector<std::string> kOptimizers = {
    "optimizer: {kind: sgd, lr: 0.1}\n",
    "optimizer: {kind: sgd, lr: 0.1, momentum: 0.9, weight_decay: 0.01}\n",
    "optimizer: {kind: sgd, lr: 0.1, momentum: 0.9, nesterov: true}\n",
    "optimizer: {kind: adam, weight_decay: 0.01}\n",
    "optimizer: {kind: adamw}\n",
};

TEST_CASE("a run that goes on from a checkpoint takes the same steps to the last bit") {
  for (const std::string& optimizer : kOptimizers) {
    INFO(optimizer);
    const TempFolder folder;
    const std::string sections = optimizer + kTwoStages + "learning: {horizon: 1}\n";
    Run whole(sections);
    whole.train(1, 3);
    whole.save(folder.path_of("c"));
    Run resumed(sections, 99);  // other initial weights
    resumed.load(folder.path_of("c"));
    test::check_same(test::copy_tensors(resumed.stages), test::copy_tensors(whole.stages));
    whole.train(4, 6);
    resumed.train(4, 6);
    test::check_same(test::copy_tensors(resumed.stages), test::copy_tensors(whole.stages));
  }
}

TEST_CASE("any cut goes on from what any other cut wrote") {
  for (const std::string& optimizer : kOptimizers) {
    INFO(optimizer);
    const TempFolder folder;
    Run two(optimizer + kTwoStages);
    two.train(1, 3);
    two.save(folder.path_of("c"));
    two.train(4, 5);
    for (const std::string& cut : {std::string("partition: {stages: 1}\n"), std::string(test::kFourStages)}) {
      Run other(optimizer + cut, 99);
      other.load(folder.path_of("c"));
      other.train(4, 5);
      test::check_same(test::copy_tensors(other.stages), test::copy_tensors(two.stages));
    }
  }
}

TEST_CASE("a head that the checkpoint does not have keeps its start, under every optimizer") {
  for (const std::string& optimizer : kOptimizers) {
    INFO(optimizer);
    const TempFolder folder;
    Run without(optimizer + kTwoStages + "learning: {horizon: all}\n");
    without.train(1, 3);
    without.save(folder.path_of("c"));
    Run with(optimizer + kTwoStages + "learning: {horizon: 1}\n", 99);
    const test::TensorsByName start = test::copy_tensors(with.stages);
    REQUIRE_NOTHROW(with.load(folder.path_of("c")));
    const test::TensorsByName trained = test::copy_tensors(without.stages);
    for (const auto& [name, tensor] : test::copy_tensors(with.stages)) {
      INFO(name);
      CHECK(tensor.equal(name.rfind("heads.", 0) == 0 ? start.at(name) : trained.at(name)));
    }
    with.train(4, 5);
    without.train(4, 5);
    const test::TensorsByName later = test::copy_tensors(with.stages);
    for (const auto& [name, tensor] : test::copy_tensors(without.stages)) CHECK(later.at(name).equal(tensor));
  }
}

TEST_CASE("a head that sat behind another layer keeps its start, although name and shape fit") {
  const TempFolder folder;
  Run written("partition: {layers: [3, 4]}\nlearning: {horizon: 1}\n");
  written.train(1, 3);
  written.save(folder.path_of("c"));
  Run recut("partition: {layers: [4, 3]}\nlearning: {horizon: 1}\n", 99);
  const test::TensorsByName start = test::copy_tensors(recut.stages);
  recut.load(folder.path_of("c"));
  const test::TensorsByName trained = test::copy_tensors(written.stages);
  for (const auto& [name, tensor] : test::copy_tensors(recut.stages)) {
    INFO(name);
    CHECK(tensor.equal(name.rfind("heads.", 0) == 0 ? start.at(name) : trained.at(name)));
  }
}

TEST_CASE("batch-norm statistics are part of a checkpoint") {
  const TempFolder folder;
  const data::DatasetInfo images{{3, 4, 4}, {}, 4, false, 20, 0};
  const RunPlan plan = test::make_plan("model: {kind: resnet, super_blocks: '4,1'}", images);
  const models::Stage written(plan.blueprint.stages[0], 1);
  (void)written.main().forward(torch::randn({5, 3, 4, 4}), {true, 1, 0});
  const StageOptimizer optimizer(written, plan.config);
  storage::write_manifest(folder.path(), {1, 1, {write_stage_checkpoint(folder.path(), written, optimizer)}});
  const models::Stage read(plan.blueprint.stages[0], 2);
  StageOptimizer fresh(read, plan.config);
  load_stage_checkpoint(folder.path(), read, fresh);
  CHECK(read.main().buffers()[2].second.item<std::int64_t>() == 1);
  test::check_same(test::copy_tensors(std::vector{read}), test::copy_tensors(std::vector{written}));
}

TEST_CASE("a checkpoint of another model is refused by the first tensor that does not fit") {
  const TempFolder folder;
  Run run(kTwoStages);
  run.save(folder.path_of("c"));
  const RunPlan other = test::make_plan(
      "model: {kind: sequential, layers: [{linear: {in: 6, out: 8}}, relu, {linear: {in: 8, out: 4}}]}\n");
  const models::Stage stage(other.blueprint.stages[0], 1);
  StageOptimizer optimizer(stage, other.config);
  CHECK_THAT(
      test::message_of<DataError>([&] { load_stage_checkpoint(folder.path_of("c"), stage, optimizer); }),
      Contains("layers.0.weight") && Contains("[9, 6]") && Contains("[8, 6]"));
  const RunPlan deeper = test::make_plan(
      "model: {kind: sequential, layers: [{linear: {in: 6, out: 9}}, {linear: {in: 9, out: 4}}]}\n");
  const models::Stage second(deeper.blueprint.stages[0], 1);
  StageOptimizer second_optimizer(second, deeper.config);
  CHECK_THAT(test::message_of<DataError>(
                 [&] { load_stage_checkpoint(folder.path_of("c"), second, second_optimizer); }),
             Contains("layers.1.weight") && Contains("another model"));
}

TEST_CASE("one damaged byte anywhere in any shard is refused before a tensor is touched") {
  const TempFolder folder;
  const std::string directory = folder.path_of("c");
  Run run("optimizer: {kind: sgd, momentum: 0.9}\n" + kTwoStages);
  run.train(1, 2);
  run.save(directory);
  Run reader("optimizer: {kind: sgd, momentum: 0.9}\n" + kTwoStages, 99);
  const test::TensorsByName before = test::copy_tensors(reader.stages);
  for (const char* shard : {"stage-0.safetensors", "stage-1.safetensors"}) {
    const std::string path = directory + "/" + shard;
    const std::string good = test::content_of(path);
    for (const std::size_t at : {std::size_t{0}, std::size_t{9}, good.size() / 2, good.size() - 1}) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ 1);
      std::ofstream(path, std::ios::binary) << bad;
      CHECK_THAT(test::message_of<DataError>([&] { reader.load(directory); }),
                 Contains(path) && Contains("damaged"));
    }
    std::ofstream(path, std::ios::binary) << good.substr(0, good.size() - 1);
    CHECK_THAT(test::message_of<DataError>([&] { reader.load(directory); }),
               Contains(path) && Contains("damaged"));
    std::ofstream(path, std::ios::binary) << good;
  }
  test::check_same(test::copy_tensors(reader.stages), before);
  CHECK_NOTHROW(reader.load(directory));
}

TEST_CASE("the weights of a checkpoint are all tensors of all stages, without optimizer state") {
  const TempFolder folder;
  Run run("optimizer: {kind: adam}\nlearning: {horizon: 1}\n" + kTwoStages);
  run.train(1, 1);
  run.save(folder.path_of("c"));
  test::TensorsByName read;
  for (const auto& [name, tensor] : read_checkpoint_weights(folder.path_of("c")).tensors) read[name] = tensor;
  test::check_same(read, test::copy_tensors(run.stages));
}

TEST_CASE("a checkpoint of float16 holds the losses' scales, and float32 reads it without them") {
  const TempFolder folder;
  const std::string sections = kTwoStages + "learning: {horizon: 1}\ntraining: {precision: float16}\n";
  Run run(sections);
  run.train(1, 1);
  storage::Manifest manifest{3, 1, {}};
  std::vector<LossScaler> scalers = {{run.plan, 0}, {run.plan, 1}};
  for (std::size_t k = 0; k < 2; ++k) {
    scalers[k].agree({0, 1});
    manifest.shards.push_back(
        write_stage_checkpoint(folder.path_of("c"), run.stages[k], *run.optimizers[k], "", &scalers[k]));
  }
  storage::write_manifest(folder.path_of("c"), manifest);
  Run resumed(sections, 99);
  std::vector<LossScaler> fresh = {{resumed.plan, 0}, {resumed.plan, 1}};
  for (std::size_t k = 0; k < 2; ++k) {
    load_stage_checkpoint(folder.path_of("c"), resumed.stages[k], *resumed.optimizers[k], "", &fresh[k]);
    CHECK(fresh[k].own_scale() == (k == 0 ? 65536 : 32768));
  }
  Run plain(kTwoStages + "learning: {horizon: 1}\n", 99);
  CHECK_NOTHROW(plain.load(folder.path_of("c")));
  test::check_same(test::copy_tensors(plain.stages), test::copy_tensors(run.stages));
  for (const auto& [name, tensor] : read_checkpoint_weights(folder.path_of("c")).tensors) {
    CHECK(name.find("loss_scale") == std::string::npos);
  }
}

}  // namespace
}  // namespace interlock::training
