// image_folder_dump CONFIG OUT EPOCH: writes the samples of data.kind imagefolder to the safetensors file
// OUT, for image_folder_test.py: `eval` and `train` (of that epoch) with their `_targets`, and for each
// training sample what it shows: `views`, [samples, 5], left, top, width and height of the crop, and whether
// it is mirrored.

#include <cstdio>
#include <exception>
#include <numeric>
#include <string>
#include <vector>

#include <ATen/ops/empty.h>

#include "common/error.h"
#include "common/files.h"
#include "data/image_folder/dataset.h"
#include "data/image_folder/jpeg.h"
#include "storage/safetensors.h"

namespace interlock::data {
namespace {

void add(const std::string& name, const Dataset& set, std::int64_t epoch, storage::TensorFile& file) {
  std::vector<std::int64_t> samples(static_cast<std::size_t>(set.size()));
  std::iota(samples.begin(), samples.end(), 0);
  const Batch batch = set.load(samples, epoch);
  file.tensors.emplace_back(name, batch.inputs);
  file.tensors.emplace_back(name + "_targets", batch.targets);
}

at::Tensor views_of(const ImageFolderDataset& set, const ImageList& list, std::int64_t epoch) {
  at::Tensor views = at::empty({set.size(), 5}, at::TensorOptions(at::kLong));
  auto* out = views.mutable_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < set.size(); ++i) {
    std::string content;
    std::string reason;
    if (!read_file(list.path_of(i), content, reason)) throw DataError(reason);
    const Bitmap image = decode_jpeg(content);
    const ImageView view = set.view_of(i, epoch, image.width(), image.height());
    for (const int value :
         {view.source.left, view.source.top, view.source.width, view.source.height, view.flipped ? 1 : 0}) {
      *out++ = value;
    }
  }
  return views;
}

void dump(const std::string& config_file, const std::string& out, std::int64_t epoch) {
  const config::Config config = config::load_config(config_file, {});
  const DataSource source = open_data(config);
  storage::TensorFile file;
  if (source.eval) add("eval", *source.eval, 0, file);
  add("train", *source.train, epoch, file);
  const ImageList list(config.data.path + "/train");
  file.tensors.emplace_back("views",
                            views_of(dynamic_cast<const ImageFolderDataset&>(*source.train), list, epoch));
  storage::write_safetensors(out, file);
}

}  // namespace
}  // namespace interlock::data

int main(int count, char** arguments) {
  try {
    if (count != 4) throw std::runtime_error("usage: image_folder_dump CONFIG OUT EPOCH");
    interlock::data::dump(arguments[1], arguments[2], std::stoll(arguments[3]));
    return 0;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
}
