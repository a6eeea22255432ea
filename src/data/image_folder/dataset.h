#pragma once
// Images that are decoded when they are asked for, as normalised float32 tensors.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "data/dataset.h"
#include "data/image_dataset.h"
#include "data/image_folder/broken.h"
#include "data/image_folder/index.h"
#include "data/image_folder/view.h"

namespace interlock::data {

// How files become samples of 3 x size x size.
struct ImageFolderTransform {
  int size = 224;
  int resize = 256;                  // evaluation: the shorter side before the centre crop
  std::optional<RandomCrop> random;  // training: instead of the centre crop, drawn from (seed, epoch, image)
  std::uint64_t seed = 0;
  Normalisation normalisation;  // three channels
};

// An unreadable image is replaced by the next readable one of its class in this set (the first follows the
// last): so every sample is a pure function of the files, whatever was loaded before and on which thread.
class ImageFolderDataset : public Dataset {
 public:
  // `images`: numbers in `list`, ascending. `broken` is shared by sets that count against one limit.
  ImageFolderDataset(std::shared_ptr<const ImageList> list, std::vector<std::int64_t> images,
                     ImageFolderTransform transform, std::shared_ptr<BrokenFiles> broken);

  [[nodiscard]] std::int64_t size() const override { return static_cast<std::int64_t>(images_.size()); }

  // Errors: DataError where there are more broken files than the limit, or a class has no readable one.
  [[nodiscard]] Batch load(const std::vector<std::int64_t>& samples, std::int64_t epoch) const override;

  // What a sample shows of an image of this size.
  [[nodiscard]] ImageView view_of(std::int64_t sample, std::int64_t epoch, int width, int height) const;

 private:
  [[nodiscard]] Bitmap read_image(std::int64_t sample) const;
  void write_sample(std::int64_t sample, std::int64_t epoch, float* out) const;

  std::shared_ptr<const ImageList> list_;
  std::vector<std::int64_t> images_;
  ImageFolderTransform transform_;
  std::shared_ptr<BrokenFiles> broken_;
  std::vector<float> value_of_byte_;  // [3, 256]
};

}  // namespace interlock::data
