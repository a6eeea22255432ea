#include "training/stage_checkpoint.h"

#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "checkpoint_support.h"
#include "common/error.h"
#include "storage/shard.h"
#include "support/temp_folder.h"

namespace interlock::training {
namespace {

using Catch::Matchers::Contains;
using test::TempFolder;

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

TEST_CASE("a snapshot is of its moment, and the next one uses its memory") {
  const TempFolder folder;
  Run run("optimizer: {kind: adam}\n" + kTwoStages);
  run.train(1, 2);
  const test::TensorsByName then = snapshot_of(run, 0);
  StageSnapshot snapshot;
  take_snapshot(run.stages[0], *run.optimizers[0], "abc", nullptr, snapshot);
  const void* const memory = snapshot.file.tensors[0].second.data_ptr();
  test::TensorsByName copies;
  for (const auto& [name, tensor] : then) copies[name] = tensor.clone();
  run.train(3, 4);
  for (const auto& [name, tensor] : snapshot.file.tensors) CHECK(tensor.equal(copies.at(name)));
  const storage::ShardInfo first = write_snapshot(folder.path_of("c"), snapshot);
  take_snapshot(run.stages[0], *run.optimizers[0], "abc", nullptr, snapshot);
  CHECK(snapshot.file.tensors[0].second.data_ptr() == memory);
  CHECK_FALSE(snapshot.file.tensors[0].second.equal(copies.at(snapshot.file.tensors[0].first)));
  const storage::ShardInfo second = write_snapshot(folder.path_of("c"), snapshot);
  CHECK(second.file != first.file);
  CHECK(second.bytes == first.bytes);
  // The first is untouched.
  storage::ShardReader reader(folder.path_of("c"), first);
  CHECK(reader.metadata("vocabulary") == "abc");
  for (const storage::TensorEntry& entry : reader.entries())
    CHECK(reader.read(entry).equal(copies.at(entry.name)));
}

TEST_CASE("weights laid out channels-last are written in the order of their dimensions") {
  const TempFolder folder;
  StageSnapshot snapshot;
  snapshot.stage = 0;
  const at::Tensor weight = torch::randn({4, 3, 2, 2}).contiguous(at::MemoryFormat::ChannelsLast);
  snapshot.file.tensors = {{"layers.0.weight", weight}};
  storage::ShardReader reader(folder.path(), write_snapshot(folder.path(), snapshot));
  CHECK(reader.read(reader.entries()[0]).equal(weight));
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

TEST_CASE(
    "damage in what a stage uses is refused before a tensor of it is touched; the rest it does not read") {
  const TempFolder folder;
  const std::string directory = folder.path_of("c");
  Run run("optimizer: {kind: sgd, momentum: 0.9}\n" + kTwoStages);
  run.train(1, 2);
  run.save(directory);
  Run reader("optimizer: {kind: sgd, momentum: 0.9}\n" + kTwoStages, 99);
  const test::TensorsByName before = test::copy_tensors(reader.stages);
  const auto load = [&](std::size_t k) {
    load_stage_checkpoint(directory, reader.stages[k], *reader.optimizers[k]);
  };
  for (std::size_t k = 0; k < 2; ++k) {
    const std::string path = directory + "/" + storage::read_manifest(directory).shards[k].file;
    const std::string good = test::content_of(path);
    const std::size_t data = good.size() - 8;  // in the last tensor
    for (const std::size_t at : {std::size_t{0}, std::size_t{9}, good.size() / 2, data, good.size() - 1}) {
      INFO("byte " << at << " of stage " << k);
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ 1);
      std::ofstream(path, std::ios::binary) << bad;
      CHECK_THAT(test::message_of<DataError>([&] { load(k); }), Contains(path) && Contains("byte "));
    }
    std::ofstream(path, std::ios::binary) << good.substr(0, good.size() - 1);
    CHECK_THAT(test::message_of<DataError>([&] { load(0); }), Contains(path) && Contains("damaged"));
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
