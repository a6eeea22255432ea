#pragma once
// Images from memory as normalised float32 tensors, with random crop and flip where asked for.

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "data/dataset.h"
#include "data/image_store.h"

namespace interlock::data {

// x = (byte / 255 - mean) / deviation, one of each a channel.
struct Normalisation {
  std::vector<double> mean;
  std::vector<double> deviation;
};

// Pads with black (byte 0, so before normalisation), cuts out the old size at a random place, flips left and
// right with probability one half. All drawn from (seed, epoch, number of the sample).
struct Augmentation {
  std::int64_t crop_padding = 0;
  bool flip = false;
  std::uint64_t seed = 0;
};

class ImageDataset : public Dataset {
 public:
  // REQUIRES one mean and one deviation a channel. The pixels may be shared, as with a data set that sees
  // them without augmentation.
  ImageDataset(std::shared_ptr<const ImageStore> store, const Normalisation& normalisation,
               const Augmentation& augmentation);
  ImageDataset(ImageStore store, const Normalisation& normalisation, const Augmentation& augmentation)
      : ImageDataset(std::make_shared<const ImageStore>(std::move(store)), normalisation, augmentation) {}

  [[nodiscard]] std::int64_t size() const override { return store_->size(); }
  [[nodiscard]] Batch load(const std::vector<std::int64_t>& samples, std::int64_t epoch) const override;

 private:
  void write_image(std::int64_t sample, std::int64_t epoch, float* out) const;

  std::shared_ptr<const ImageStore> store_;
  Augmentation augmentation_;
  std::vector<float> value_of_byte_;  // [channels, 256]
};

}  // namespace interlock::data
