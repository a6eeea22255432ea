#include "data/image_folder/image_folder.h"

#include <filesystem>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "common/error.h"
#include "data/holdout.h"
#include "data/image_folder/dataset.h"

namespace interlock::data {
namespace {

std::shared_ptr<const ImageList> list_training(const std::string& root) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(root + "/train", ignored)) {
    throw DataError(fmt::format(
        "{}: has no folder 'train'; data.path wants train/CLASS/*.jpg and, to evaluate on, val/CLASS/*.jpg",
        root));
  }
  return std::make_shared<const ImageList>(root + "/train");
}

std::vector<std::int64_t> pick(const std::vector<std::int64_t>& images,
                               const std::vector<std::int64_t>& places) {
  std::vector<std::int64_t> picked;
  picked.reserve(places.size());
  for (const std::int64_t place : places) picked.push_back(images[static_cast<std::size_t>(place)]);
  return picked;
}

}  // namespace

DataSource open_image_folder(const config::Config& config, const Normalisation& normalisation) {
  const config::DataConfig& data = config.data;
  ImageFolderTransform evaluation;
  evaluation.size = static_cast<int>(data.image_size);
  evaluation.resize = static_cast<int>(data.resize);
  evaluation.normalisation = normalisation;
  ImageFolderTransform training = evaluation;
  training.random = RandomCrop{data.crop_area, data.crop_ratio, data.flip};
  training.seed = config.training.seed;

  const auto broken = std::make_shared<BrokenFiles>(data.broken_limit);
  const auto list = list_training(data.path);
  DataSource source;
  source.info.sample_shape = {3, data.image_size, data.image_size};
  source.info.classes = static_cast<std::int64_t>(list->classes().size());
  const std::vector<std::int64_t> images = list->first(data.limit);
  if (data.holdout > 0) {
    const Holdout holdout = draw_holdout(config, static_cast<std::int64_t>(images.size()));
    source.train = std::make_unique<ImageFolderDataset>(list, pick(images, holdout.train), training, broken);
    source.eval = std::make_unique<ImageFolderDataset>(list, pick(images, holdout.eval), evaluation, broken);
    return source;
  }
  source.train = std::make_unique<ImageFolderDataset>(list, images, training, broken);
  std::error_code ignored;
  if (!std::filesystem::exists(data.path + "/val", ignored)) return source;
  const auto eval = std::make_shared<const ImageList>(data.path + "/val");
  check_same_classes(*list, *eval);
  source.eval = std::make_unique<ImageFolderDataset>(eval, eval->first(data.eval_limit), evaluation, broken);
  return source;
}

}  // namespace interlock::data
