#include <ATen/ops/arange.h>
#include <ATen/ops/zeros.h>

#include "common/error.h"
#include "data/dataset.h"
#include "storage/safetensors.h"
#include "support/catch.h"
#include "support/temp_folder.h"

namespace interlock::data {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using config::Config;
using config::DataKind;
using Shape = std::vector<std::int64_t>;
using test::message_of;
using test::TempFolder;

Config shapes_config() {
  Config config;
  config.data.train_samples = 50;
  config.data.eval_samples = 20;
  config.training.batch_size = 10;
  return config;
}

// Five samples of three numbers, classes 0 .. 4.
Config tensors_config(const TempFolder& folder) {
  Config config;
  config.data.kind = DataKind::kTensors;
  config.data.path = folder.path_of("train.safetensors");
  config.training.batch_size = 2;
  const at::Tensor numbers = at::arange(5, at::TensorOptions(at::kLong));
  storage::write_safetensors(config.data.path, {{{"inputs", at::zeros({5, 3})}, {"targets", numbers}}, {}});
  return config;
}

std::string usage_problem(const Config& config) {
  return message_of<UsageError>([&] { open_data(config); });
}

TEST_CASE("shapes open without any file and tell what they are") {
  const DataSource source = open_data(shapes_config());
  CHECK(source.info.sample_shape == Shape{3, 16, 16});
  CHECK(source.info.target_shape.empty());
  CHECK(source.info.classes == 10);
  CHECK_FALSE(source.info.integer_inputs);
  CHECK(source.info.train_samples == 50);
  CHECK(source.info.eval_samples == 20);
  const Batch batch = source.train->load({0, 49}, 0);
  CHECK(batch.inputs.sizes().vec() == Shape{2, 3, 16, 16});
  CHECK(batch.inputs.abs().max().item<float>() <= 2.0F);
  CHECK_FALSE(source.eval->load({0}, 0).inputs.equal(batch.inputs.narrow(0, 0, 1)));
}

TEST_CASE("limits cut the sets and keep the samples that remain") {
  Config config = shapes_config();
  const DataSource all = open_data(config);
  config.data.limit = 12;
  config.data.eval_limit = 7;
  const DataSource some = open_data(config);
  CHECK(some.info.train_samples == 12);
  CHECK(some.info.eval_samples == 7);
  CHECK(some.train->load({11}, 0).inputs.equal(all.train->load({11}, 0).inputs));
}

TEST_CASE("downscaling shrinks the samples of both sets, and must divide") {
  Config config = shapes_config();
  config.data.downscale = 2;
  const DataSource source = open_data(config);
  CHECK(source.info.sample_shape == Shape{3, 8, 8});
  CHECK(source.eval->load({0}, 0).inputs.sizes().vec() == Shape{1, 3, 8, 8});
  config.data.downscale = 3;
  config.origins["data.downscale"] = {"a.yaml", 4, 2};
  CHECK_THAT(usage_problem(config), StartsWith("a.yaml:4:2: data.downscale: 3 does not divide"));
}

TEST_CASE("augmentation changes training samples from epoch to epoch, evaluation samples never") {
  Config config = shapes_config();
  config.data.crop_padding = 2;
  config.data.flip = true;
  const DataSource source = open_data(config);
  const Shape samples = {0, 1, 2, 3};
  CHECK_FALSE(source.train->load(samples, 0).inputs.equal(source.train->load(samples, 1).inputs));
  CHECK(source.eval->load(samples, 0).inputs.equal(source.eval->load(samples, 1).inputs));
  config.data.crop_padding = 16;
  CHECK_THAT(usage_problem(config), Contains("data.crop_padding: 16 must be smaller than the images"));
}

TEST_CASE("mean and deviation must have one value a channel, and deviations be above 0") {
  Config config = shapes_config();
  config.data.mean = {0, 0, 0};
  config.data.deviation = {1, 1, 1};
  CHECK(open_data(config).train->load({0}, 0).inputs.min().item<float>() >= 0);
  config.data.mean = {0.5};
  CHECK_THAT(usage_problem(config), Contains("data.mean: has 1 values, but the images have 3 channels"));
  config.data.mean = {};
  config.data.deviation = {1, 1, 1, 1};
  CHECK_THAT(usage_problem(config), Contains("data.deviation: has 4 values"));
  config.data.deviation = {1, 0, 1};
  CHECK_THAT(usage_problem(config), Contains("data.deviation: values must be above 0"));
}

TEST_CASE("images cannot be trained with mean squared error") {
  Config config = shapes_config();
  config.training.loss = config::LossKind::kMeanSquaredError;
  CHECK_THAT(usage_problem(config), Contains("training.loss"));
}

TEST_CASE("an epoch without a single batch is refused") {
  Config config = shapes_config();
  config.training.batch_size = 51;
  CHECK(open_data(config).info.train_samples == 50);
  config.data.drop_last = true;
  CHECK_THAT(usage_problem(config), Contains("data.drop_last: would leave out everything"));
}

TEST_CASE("tensors open with what the file says, and with nothing to evaluate on unless a file is given") {
  const TempFolder folder;
  Config config = tensors_config(folder);
  DataSource source = open_data(config);
  CHECK(source.info.sample_shape == Shape{3});
  CHECK(source.info.classes == 5);
  CHECK(source.info.train_samples == 5);
  CHECK(source.info.eval_samples == 0);
  CHECK(source.eval == nullptr);

  config.data.eval_path = config.data.path;
  config.data.eval_limit = 4;
  config.data.limit = 2;
  source = open_data(config);
  CHECK(source.info.train_samples == 2);
  CHECK(source.info.eval_samples == 4);
  // Classes are those of the whole file: a limit must not change the model or make evaluation labels invalid.
  CHECK(source.info.classes == 5);
}

TEST_CASE("regression targets keep their shape and have no classes") {
  const TempFolder folder;
  Config config = tensors_config(folder);
  config.training.loss = config::LossKind::kMeanSquaredError;
  storage::write_safetensors(
      config.data.path,
      {{{"inputs", at::zeros({4, 6}, at::TensorOptions(at::kLong))}, {"targets", at::zeros({4, 2, 3})}}, {}});
  const DataSource source = open_data(config);
  CHECK(source.info.classes == 0);
  CHECK(source.info.target_shape == Shape{2, 3});
  CHECK(source.info.integer_inputs);
}

TEST_CASE("keys for images are refused with tensors") {
  const TempFolder folder;
  const Config plain = tensors_config(folder);
  Config config = plain;
  config.data.flip = true;
  config.origins["data.flip"] = {"a.yaml", 9, 3};
  CHECK_THAT(usage_problem(config), StartsWith("a.yaml:9:3: data.flip: is for images"));
  config = plain;
  config.data.crop_padding = 4;
  CHECK_THAT(usage_problem(config), Contains("data.crop_padding"));
  config = plain;
  config.data.downscale = 2;
  CHECK_THAT(usage_problem(config), Contains("data.downscale"));
  config = plain;
  config.data.mean = {0.5};
  CHECK_THAT(usage_problem(config), Contains("data.mean"));
}

TEST_CASE("data in files need data.path") {
  for (const DataKind kind : {DataKind::kCifar10, DataKind::kCifar100, DataKind::kIdx, DataKind::kTensors}) {
    Config config = shapes_config();
    config.data.kind = kind;
    CHECK_THAT(usage_problem(config), Contains("data.path"));
    config.data.path = "/no/such/place";
    CHECK_THAT(message_of<DataError>([&] { open_data(config); }),
               Contains("/no/such/place") && Contains("data.path"));
  }
}

}  // namespace
}  // namespace interlock::data
