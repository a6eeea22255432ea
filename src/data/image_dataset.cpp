#include "data/image_dataset.h"

#include <algorithm>
#include <utility>

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include "common/error.h"
#include "common/random.h"

namespace interlock::data {
namespace {

// Where an output image is taken from: row y + down, column x + right of the source, read from the right if
// flipped.
struct View {
  std::int64_t down = 0;
  std::int64_t right = 0;
  bool flipped = false;
};

View random_view(const Augmentation& augmentation, std::int64_t sample, std::int64_t epoch) {
  View view;
  if (augmentation.crop_padding == 0 && !augmentation.flip) return view;
  SplitMix64 random(derive_seed(augmentation.seed, SeedPurpose::kAugmentation,
                                {static_cast<std::uint64_t>(epoch), static_cast<std::uint64_t>(sample)}));
  const std::int64_t padding = augmentation.crop_padding;
  const auto places = static_cast<std::uint64_t>(2 * padding + 1);
  view.down = static_cast<std::int64_t>(random.below(places)) - padding;
  view.right = static_cast<std::int64_t>(random.below(places)) - padding;
  view.flipped = augmentation.flip && random.below(2) == 1;
  return view;
}

void write_row(const std::uint8_t* row, std::int64_t width, const View& view, const float* value_of_byte,
               float* out) {
  const std::int64_t begin =
      std::max<std::int64_t>(0, -view.right);  // [begin, end) comes from within the image
  const std::int64_t end = std::min(width, width - view.right);
  float* cell = view.flipped ? out + width - 1 : out;
  const std::int64_t step = view.flipped ? -1 : 1;
  for (std::int64_t x = 0; x < width; ++x, cell += step) {
    *cell = value_of_byte[x >= begin && x < end ? row[x + view.right] : 0];
  }
}

}  // namespace

ImageDataset::ImageDataset(std::shared_ptr<const ImageStore> store, const Normalisation& normalisation,
                           const Augmentation& augmentation)
    : store_(std::move(store)), augmentation_(augmentation) {
  const auto channels = static_cast<std::size_t>(store_->channels);
  INTERLOCK_CHECK(normalisation.mean.size() == channels && normalisation.deviation.size() == channels,
                  fmt::format("{} channels, {} means, {} deviations", channels, normalisation.mean.size(),
                              normalisation.deviation.size()));
  for (std::size_t c = 0; c < channels; ++c) {
    for (int byte = 0; byte < 256; ++byte) {
      value_of_byte_.push_back(
          static_cast<float>((byte / 255.0 - normalisation.mean[c]) / normalisation.deviation[c]));
    }
  }
}

Batch ImageDataset::load(const std::vector<std::int64_t>& samples, std::int64_t epoch) const {
  const auto count = static_cast<std::int64_t>(samples.size());
  Batch batch;
  batch.inputs =
      at::empty({count, store_->channels, store_->height, store_->width}, at::TensorOptions(at::kFloat));
  batch.targets = at::empty({count}, at::TensorOptions(at::kLong));
  float* out = batch.inputs.mutable_data_ptr<float>();
  auto* target = batch.targets.mutable_data_ptr<std::int64_t>();
  for (const std::int64_t sample : samples) {
    INTERLOCK_CHECK(sample >= 0 && sample < size(), fmt::format("sample {} of {}", sample, size()));
    write_image(sample, epoch, out);
    out += store_->image_bytes();
    *target++ = store_->labels[static_cast<std::size_t>(sample)];
  }
  return batch;
}

void ImageDataset::write_image(std::int64_t sample, std::int64_t epoch, float* out) const {
  const View view = random_view(augmentation_, sample, epoch);
  const std::uint8_t* plane = store_->image(sample);
  const float* value = value_of_byte_.data();
  for (std::int64_t c = 0; c < store_->channels; ++c, plane += store_->height * store_->width, value += 256) {
    for (std::int64_t y = 0; y < store_->height; ++y, out += store_->width) {
      const std::int64_t from_y = y + view.down;
      if (from_y < 0 || from_y >= store_->height) {
        std::fill_n(out, store_->width, value[0]);
      } else {
        write_row(plane + from_y * store_->width, store_->width, view, value, out);
      }
    }
  }
}

}  // namespace interlock::data
