#include "data/image_folder/dataset.h"

#include <algorithm>
#include <utility>

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include "common/error.h"
#include "common/files.h"
#include "data/image_folder/jpeg.h"
#include "data/image_folder/resize.h"

namespace interlock::data {
namespace {

constexpr int kChannels = 3;

// In float32 and in this order, as torchvision's ToTensor and Normalize compute.
std::vector<float> make_values(const Normalisation& normalisation) {
  std::vector<float> values;
  for (std::size_t c = 0; c < kChannels; ++c) {
    const auto mean = static_cast<float>(normalisation.mean.at(c));
    const auto deviation = static_cast<float>(normalisation.deviation.at(c));
    for (int byte = 0; byte < 256; ++byte) {
      values.push_back((static_cast<float>(byte) / 255.0F - mean) / deviation);
    }
  }
  return values;
}

// `image` at its place in the planes of `out`, which are size x size.
void write_planes(const Bitmap& image, const ImageView& view, int size, const std::vector<float>& values,
                  float* out) {
  const std::ptrdiff_t plane = static_cast<std::ptrdiff_t>(size) * size;
  if (image.width() < size || image.height() < size) {
    for (std::ptrdiff_t c = 0; c < kChannels; ++c)
      std::fill_n(out + c * plane, plane, values[static_cast<std::size_t>(c) * 256]);
  }
  const int step = view.flipped ? -1 : 1;
  const int left = view.flipped ? size - 1 - view.left : view.left;
  for (int y = 0; y < image.height(); ++y) {
    float* red = out + static_cast<std::ptrdiff_t>(view.top + y) * size + left;
    float* green = red + plane;
    float* blue = green + plane;
    const std::uint8_t* pixel = image.row(y);
    for (int x = 0; x < image.width(); ++x, pixel += kBytesPerPixel) {
      *red = values[pixel[0]];
      *green = values[256 + pixel[1]];
      *blue = values[512 + pixel[2]];
      red += step;
      green += step;
      blue += step;
    }
  }
}

}  // namespace

ImageFolderDataset::ImageFolderDataset(std::shared_ptr<const ImageList> list,
                                       std::vector<std::int64_t> images, ImageFolderTransform transform,
                                       std::shared_ptr<BrokenFiles> broken)
    : list_(std::move(list)),
      images_(std::move(images)),
      transform_(std::move(transform)),
      broken_(std::move(broken)),
      value_of_byte_(make_values(transform_.normalisation)) {
  INTERLOCK_CHECK(std::is_sorted(images_.begin(), images_.end()), "images out of order");
}

Batch ImageFolderDataset::load(const std::vector<std::int64_t>& samples, std::int64_t epoch) const {
  const auto count = static_cast<std::int64_t>(samples.size());
  const std::int64_t size = transform_.size;
  Batch batch;
  batch.inputs = at::empty({count, kChannels, size, size}, at::TensorOptions(at::kFloat));
  batch.targets = at::empty({count}, at::TensorOptions(at::kLong));
  float* out = batch.inputs.mutable_data_ptr<float>();
  auto* target = batch.targets.mutable_data_ptr<std::int64_t>();
  for (const std::int64_t sample : samples) {
    INTERLOCK_CHECK(sample >= 0 && sample < this->size(),
                    fmt::format("sample {} of {}", sample, this->size()));
    write_sample(sample, epoch, out);
    out += kChannels * size * size;
    *target++ = list_->class_of(images_[static_cast<std::size_t>(sample)]);
  }
  return batch;
}

Bitmap ImageFolderDataset::read_image(std::int64_t sample) const {
  const std::int64_t label = list_->class_of(images_[static_cast<std::size_t>(sample)]);
  const auto first_of = [&](std::int64_t a_class) {
    return std::partition_point(images_.begin(), images_.end(),
                                [&](std::int64_t image) { return list_->class_of(image) < a_class; });
  };
  // The images of the class, from this one on and round to it again.
  const auto begin = first_of(label);
  const std::int64_t count = first_of(label + 1) - begin;
  const std::int64_t place = sample - (begin - images_.begin());
  for (std::int64_t tried = 0; tried < count; ++tried) {
    const std::string path = list_->path_of(begin[(place + tried) % count]);
    if (broken_->contains(path)) continue;
    std::string content;
    std::string reason;
    try {
      if (read_file(path, content, reason)) return decode_jpeg(content);
    } catch (const BrokenImage& problem) {
      reason = problem.what();
    }
    broken_->add(path, reason);
  }
  throw DataError(fmt::format("{}/{}: none of its images can be read", list_->folder(),
                              list_->classes()[static_cast<std::size_t>(label)]));
}

ImageView ImageFolderDataset::view_of(std::int64_t sample, std::int64_t epoch, int width, int height) const {
  if (!transform_.random) return centre_crop(width, height, transform_.resize, transform_.size);
  const std::int64_t image = images_[static_cast<std::size_t>(sample)];
  SplitMix64 random(derive_seed(transform_.seed, SeedPurpose::kAugmentation,
                                {static_cast<std::uint64_t>(epoch), static_cast<std::uint64_t>(image)}));
  return random_resized_crop(width, height, transform_.size, *transform_.random, random);
}

void ImageFolderDataset::write_sample(std::int64_t sample, std::int64_t epoch, float* out) const {
  const Bitmap image = read_image(sample);
  const ImageView view = view_of(sample, epoch, image.width(), image.height());
  write_planes(resize(image, view.source, view.width, view.height, view.part), view, transform_.size,
               value_of_byte_, out);
}

}  // namespace interlock::data
