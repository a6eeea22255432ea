#include "data/holdout.h"

#include <algorithm>
#include <numeric>

#include <ATen/ops/arange.h>
#include <ATen/ops/zeros.h>

#include "common/error.h"
#include "data/dataset.h"
#include "data/dataset_support.h"
#include "data/idx_support.h"
#include "data/subset.h"
#include "storage/safetensors.h"
#include "support/catch.h"
#include "support/temp_folder.h"

namespace interlock::data {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using config::Config;
using config::DataKind;
using test::all_of;
using test::big_endian;
using test::message_of;
using test::Numbers;
using test::targets_of;
using test::TempFolder;

Config holding_out(double fraction, std::uint64_t seed = 0) {
  Config config;
  config.data.holdout = fraction;
  config.data.holdout_seed = seed;
  config.data.train_samples = 50;
  config.training.batch_size = 4;
  return config;
}

// Whose targets are the samples' numbers.
Config tensor_config(const TempFolder& folder, std::int64_t samples) {
  Config config = holding_out(0.2);
  config.data.kind = DataKind::kTensors;
  config.data.path = folder.path_of("train.safetensors");
  config.data.eval_path = folder.path_of("not_there.safetensors");
  const at::Tensor numbers = at::arange(samples, at::TensorOptions(at::kLong));
  storage::write_safetensors(config.data.path,
                             {{{"inputs", at::zeros({samples, 2})}, {"targets", numbers}}, {}});
  return config;
}

// `records` black pictures of class 1; the pixel in front tells them apart.
std::string cifar_records(int records, int first) {
  std::string content;
  for (int i = 0; i < records; ++i)
    content += std::string(1, 1) + std::string(1, static_cast<char>(first + i)) + std::string(3071, 0);
  return content;
}

void write_cifar(const TempFolder& folder) {
  for (int file = 1; file <= 5; ++file) {
    folder.write("data_batch_" + std::to_string(file) + ".bin", cifar_records(4, 4 * file));
  }
}

TEST_CASE("what is held out and what is left are all samples, each once, in ascending order") {
  for (const auto& [samples, fraction, held] : std::vector<std::tuple<std::int64_t, double, std::size_t>>{
           {100, 0.1, 10}, {101, 0.1, 10}, {7, 0.5, 4}, {5, 0.01, 1}, {2, 0.4, 1}}) {
    INFO(samples << " " << fraction);
    const Holdout holdout = draw_holdout(holding_out(fraction), samples);
    CHECK(holdout.eval.size() == held);
    CHECK(std::is_sorted(holdout.eval.begin(), holdout.eval.end()));
    CHECK(std::is_sorted(holdout.train.begin(), holdout.train.end()));
    Numbers together = holdout.train;
    together.insert(together.end(), holdout.eval.begin(), holdout.eval.end());
    std::sort(together.begin(), together.end());
    CHECK(together == all_of(samples));
  }
}

TEST_CASE("the split depends on holdout_seed, and on no other seed") {
  Config config = holding_out(0.2, 3);
  const Numbers held = draw_holdout(config, 1000).eval;
  config.training.seed = 99;
  CHECK(draw_holdout(config, 1000).eval == held);
  config.data.holdout_seed = 4;
  CHECK(draw_holdout(config, 1000).eval != held);
  // Drawn from everywhere, not a piece at one end.
  CHECK(held.front() < 100);
  CHECK(held.back() > 900);
}

TEST_CASE("eval_limit evaluates on part of what is held out, and the rest is still not trained on") {
  Config config = holding_out(0.5);
  const Holdout all = draw_holdout(config, 40);
  config.data.eval_limit = 5;
  const Holdout some = draw_holdout(config, 40);
  CHECK(some.train == all.train);
  CHECK(some.eval.size() == 5);
  CHECK(std::includes(all.eval.begin(), all.eval.end(), some.eval.begin(), some.eval.end()));
}

TEST_CASE("holding out everything is refused at data.holdout") {
  Config config = holding_out(0.9);
  config.origins["data.holdout"] = {"a.yaml", 3, 7};
  CHECK_THAT(message_of<UsageError>([&] { draw_holdout(config, 2); }),
             StartsWith("a.yaml:3:7: data.holdout: 0.9 of 2 training samples"));
}

TEST_CASE("tensors: data.limit comes before the split, and no evaluation file is opened") {
  const TempFolder folder;
  Config config = tensor_config(folder, 30);
  config.data.limit = 20;
  const DataSource source = open_data(config);
  CHECK(source.info.train_samples == 16);
  CHECK(source.info.eval_samples == 4);
  CHECK(source.info.classes == 30);
  Numbers seen = targets_of(*source.train);
  const Numbers held = targets_of(*source.eval);
  seen.insert(seen.end(), held.begin(), held.end());
  std::sort(seen.begin(), seen.end());
  CHECK(seen == all_of(20));
  config.data.holdout = 0;
  CHECK_THAT(message_of<DataError>([&] { open_data(config); }), Contains("not_there.safetensors"));
}

TEST_CASE("shapes: held-out images are training images without augmentation") {
  Config config = holding_out(0.2);
  const Holdout holdout = draw_holdout(config, 50);
  config.data.flip = true;
  config.data.crop_padding = 2;
  const DataSource source = open_data(config);
  CHECK(source.info.train_samples == 40);
  CHECK(source.info.eval_samples == 10);
  config.data.holdout = 0;
  const at::Tensor augmented = open_data(config).train->load(holdout.train, 1).inputs;
  config.data.flip = false;
  config.data.crop_padding = 0;
  const at::Tensor plain = open_data(config).train->load(holdout.eval, 0).inputs;
  CHECK(source.eval->load(all_of(10), 1).inputs.equal(plain));
  CHECK(source.train->load(all_of(40), 1).inputs.equal(augmented));
}

TEST_CASE("CIFAR: the test file may be missing or garbage where samples are held out") {
  const TempFolder folder;
  write_cifar(folder);
  Config config = holding_out(0.25);
  config.data.kind = DataKind::kCifar10;
  config.data.path = folder.path();
  const DataSource without = open_data(config);
  CHECK(without.info.train_samples == 15);
  CHECK(without.info.eval_samples == 5);
  folder.write("test_batch.bin", "no records at all");
  const DataSource with_garbage = open_data(config);
  CHECK(with_garbage.eval->load(all_of(5), 0).inputs.equal(without.eval->load(all_of(5), 0).inputs));
  config.data.downscale = 2;
  CHECK(open_data(config).eval->load({0}, 0).inputs.size(3) == 16);
  config.data.holdout = 0;
  CHECK_THROWS_AS(open_data(config), DataError);
}

TEST_CASE("idx: the t10k files may be missing where samples are held out") {
  const TempFolder folder;
  folder.write("train-images-idx3-ubyte",
               big_endian(0x803) + big_endian(6) + big_endian(2) + big_endian(2) + std::string(24, 9));
  folder.write("train-labels-idx1-ubyte", big_endian(0x801) + big_endian(6) + std::string(6, 3));
  Config config = holding_out(0.3);
  config.data.kind = DataKind::kIdx;
  config.data.path = folder.path();
  const DataSource source = open_data(config);
  CHECK(source.info.train_samples == 4);
  CHECK(source.info.eval_samples == 2);
  config.data.holdout = 0;
  CHECK_THAT(message_of<DataError>([&] { open_data(config); }), Contains("t10k"));
}

TEST_CASE("a subset numbers its samples from 0 and refuses others as our bug") {
  const TempFolder folder;
  Config config = tensor_config(folder, 10);
  config.data.holdout = 0;
  config.data.eval_path.clear();
  const std::shared_ptr<const Dataset> whole = open_data(config).train;
  const Subset subset(whole, {7, 2, 5});
  CHECK(targets_of(subset) == Numbers{7, 2, 5});
  CHECK_THROWS_AS(subset.load({3}, 0), BrokenInvariant);
  CHECK_THROWS_AS(Subset(whole, {10}), BrokenInvariant);
}

}  // namespace
}  // namespace interlock::data
