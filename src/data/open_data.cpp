#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "common/error.h"
#include "common/path_advice.h"
#include "data/cifar.h"
#include "data/dataset.h"
#include "data/holdout.h"
#include "data/idx.h"
#include "data/image_dataset.h"
#include "data/image_folder/image_folder.h"
#include "data/image_store.h"
#include "data/open_text.h"
#include "data/shapes.h"
#include "data/subset.h"
#include "data/tensor_dataset.h"
#include "data/tensor_samples.h"

namespace interlock::data {
namespace {

using config::Config;
using config::DataKind;

void require_path(const Config& config) {
  if (config.data.path.empty()) {
    config::fail(config.where("data.path"), "data.path", "is needed for this data.kind: where the files are");
  }
}

// Said here and not by who opens the file, for whom it is any file.
void require_file(const Config& config, const char* key, const std::string& path) {
  std::error_code ignored;
  const std::string place = config.where(key).text();
  if (!std::filesystem::exists(path, ignored)) {
    throw DataError(fmt::format("{}: {}: {}: cannot open: No such file or directory{}", place, key, path,
                                advice_on_missing(path)));
  }
  if (std::filesystem::is_directory(path, ignored)) {
    throw DataError(fmt::format(
        "{}: {}: {}: is a folder; data.kind tensors wants a safetensors file with inputs and targets", place,
        key, path));
  }
}

ImageSets draw_both_splits(const Config& config) {
  const std::int64_t size = config.data.image_size;
  if (size < kSmallestShapesImage) {
    config::fail(config.where("data.image_size"), "data.image_size",
                 fmt::format("{} is too small to draw shapes; at least {}", size, kSmallestShapesImage));
  }
  const std::uint64_t seed = config.training.seed;
  ImageSets sets;
  sets.train =
      draw_shapes(seed, ShapesSplit::kTrain, limited(config.data.train_samples, config.data.limit), size);
  if (config.data.holdout > 0) return sets;
  sets.eval =
      draw_shapes(seed, ShapesSplit::kEval, limited(config.data.eval_samples, config.data.eval_limit), size);
  return sets;
}

ImageSets read_images(const Config& config) {
  if (config.data.kind == DataKind::kShapes) return draw_both_splits(config);
  require_path(config);
  const config::DataConfig& data = config.data;
  const bool with_eval = data.holdout == 0;
  if (data.kind == DataKind::kIdx) return read_idx(data.path, data.limit, data.eval_limit, with_eval);
  const CifarKind kind = data.kind == DataKind::kCifar10 ? CifarKind::k10 : CifarKind::k100;
  return read_cifar(kind, data.path, data.limit, data.eval_limit, with_eval);
}

Normalisation default_normalisation(DataKind kind) {
  if (kind == DataKind::kShapes) return {{0.5, 0.5, 0.5}, {0.25, 0.25, 0.25}};
  if (kind == DataKind::kIdx) return {{0.1307}, {0.3081}};
  if (kind == DataKind::kImageFolder) return {{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}};
  return {{0.4914, 0.4822, 0.4465}, {0.2460, 0.2411, 0.2576}};
}

Normalisation normalisation_of(const Config& config, std::int64_t channels) {
  Normalisation result = default_normalisation(config.data.kind);
  const auto take = [&](const char* key, const std::vector<double>& given, std::vector<double>& target) {
    if (given.empty()) return;
    if (static_cast<std::int64_t>(given.size()) != channels) {
      config::fail(config.where(key), key,
                   fmt::format("has {} values, but the images have {} channels", given.size(), channels));
    }
    target = given;
  };
  take("data.mean", config.data.mean, result.mean);
  take("data.deviation", config.data.deviation, result.deviation);
  for (const double deviation : result.deviation) {
    if (deviation <= 0)
      config::fail(config.where("data.deviation"), "data.deviation", "values must be above 0");
  }
  return result;
}

void shrink(const Config& config, ImageSets& sets) {
  const std::int64_t n = config.data.downscale;
  if (n == 1) return;
  if (n < 1 || sets.train.height % n != 0 || sets.train.width % n != 0) {
    config::fail(config.where("data.downscale"), "data.downscale",
                 fmt::format("{} does not divide the images' height {} and width {}", n, sets.train.height,
                             sets.train.width));
  }
  sets.train = downscale(sets.train, n);
  sets.eval = downscale(sets.eval, n);
}

// Splits one set in two: `training` shows its samples as they are trained on, `evaluation` the same ones as
// they are evaluated on.
void hold_out(const Config& config, std::shared_ptr<const Dataset> training,
              std::shared_ptr<const Dataset> evaluation, DataSource& source) {
  Holdout holdout = draw_holdout(config, training->size());
  source.train = std::make_unique<Subset>(std::move(training), std::move(holdout.train));
  source.eval = std::make_unique<Subset>(std::move(evaluation), std::move(holdout.eval));
}

DataSource open_images(const Config& config) {
  if (config.training.loss != config::LossKind::kCrossEntropy) {
    config::fail(
        config.where("training.loss"), "training.loss",
        "images come with class numbers, which need cross_entropy; other targets need data.kind tensors");
  }
  if (config.data.kind == DataKind::kImageFolder) {
    require_path(config);
    return open_image_folder(config, normalisation_of(config, 3));
  }
  ImageSets sets = read_images(config);
  shrink(config, sets);
  if (config.data.crop_padding < 0 ||
      config.data.crop_padding >= std::min(sets.train.height, sets.train.width)) {
    config::fail(config.where("data.crop_padding"), "data.crop_padding",
                 fmt::format("{} must be smaller than the images, {} x {}", config.data.crop_padding,
                             sets.train.height, sets.train.width));
  }
  const Normalisation normalisation = normalisation_of(config, sets.train.channels);
  DataSource source;
  source.info.sample_shape = {sets.train.channels, sets.train.height, sets.train.width};
  source.info.classes = sets.train.classes;
  const auto pixels = std::make_shared<const ImageStore>(std::move(sets.train));
  auto train = std::make_unique<ImageDataset>(
      pixels, normalisation, Augmentation{config.data.crop_padding, config.data.flip, config.training.seed});
  if (config.data.holdout > 0) {
    hold_out(config, std::move(train), std::make_unique<ImageDataset>(pixels, normalisation, Augmentation{}),
             source);
    return source;
  }
  source.train = std::move(train);
  if (sets.eval.size() > 0) {
    source.eval = std::make_unique<ImageDataset>(std::move(sets.eval), normalisation, Augmentation{});
  }
  return source;
}

void reject_image_keys(const Config& config) {
  const config::DataConfig& data = config.data;
  const std::pair<const char*, bool> keys[] = {{"data.downscale", data.downscale != 1},
                                               {"data.crop_padding", data.crop_padding != 0},
                                               {"data.flip", data.flip},
                                               {"data.mean", !data.mean.empty()},
                                               {"data.deviation", !data.deviation.empty()}};
  for (const auto& [key, given] : keys) {
    if (given)
      config::fail(config.where(key), key, "is for images; with data.kind tensors, prepare the inputs");
  }
}

std::unique_ptr<Dataset> first_rows(const TensorSamples& samples, std::int64_t limit) {
  const std::int64_t count = limited(samples.inputs.size(0), limit);
  return std::make_unique<TensorDataset>(samples.inputs.narrow(0, 0, count),
                                         samples.targets.narrow(0, 0, count));
}

DataSource open_tensors(const Config& config) {
  require_path(config);
  require_file(config, "data.path", config.data.path);
  reject_image_keys(config);
  const TensorSamples train = read_tensor_samples(config.data.path, config.training.loss);
  DataSource source;
  source.info.sample_shape = train.inputs.sizes().slice(1).vec();
  source.info.target_shape = train.targets.sizes().slice(1).vec();
  source.info.classes = train.classes;
  source.info.integer_inputs = train.inputs.scalar_type() == at::kLong;
  source.info.tokens = train.tokens;
  source.train = first_rows(train, config.data.limit);
  if (config.data.holdout > 0) {
    const std::shared_ptr<const Dataset> all = std::move(source.train);
    hold_out(config, all, all, source);
    return source;
  }
  if (!config.data.eval_path.empty()) {
    require_file(config, "data.eval_path", config.data.eval_path);
    const TensorSamples eval = read_tensor_samples(config.data.eval_path, config.training.loss);
    check_eval_fits(config.data.eval_path, eval, train);
    source.info.tokens = std::max(source.info.tokens, eval.tokens);
    source.eval = first_rows(eval, config.data.eval_limit);
  }
  return source;
}

DataSource open_kind(const Config& config) {
  if (config.data.kind == DataKind::kTensors) return open_tensors(config);
  if (config.data.kind != DataKind::kText) return open_images(config);
  require_path(config);
  return open_text(config);
}

}  // namespace

DataSource open_data(const Config& config) {
  DataSource source = open_kind(config);
  source.info.train_samples = source.train->size();
  source.info.eval_samples = source.eval ? source.eval->size() : 0;
  if (source.info.train_samples < 1)
    throw DataError("the training set is empty; see data.train_samples, data.limit");
  if (config.data.drop_last && source.info.train_samples < config.training.batch_size) {
    config::fail(config.where("data.drop_last"), "data.drop_last",
                 fmt::format("would leave out everything: {} training samples are less than one batch of {}",
                             source.info.train_samples, config.training.batch_size));
  }
  return source;
}

}  // namespace interlock::data
