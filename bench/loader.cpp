// bench_loader FOLDER PASSES: reads the images of FOLDER/train on one thread, PASSES times after one that
// does not count, and prints a JSON line a case: images and the CPU seconds they took. loader.py compares.

#include <cstdio>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>

#include "common/clock.h"
#include "common/error.h"
#include "common/files.h"
#include "data/image_folder/dataset.h"
#include "data/image_folder/jpeg.h"

namespace interlock::data {
namespace {

void measure(const char* name, std::int64_t images, int passes,
             const std::function<void(std::int64_t)>& read) {
  double start = 0;
  for (int pass = 0; pass <= passes; ++pass) {
    if (pass == 1) start = process_cpu_seconds();
    for (std::int64_t i = 0; i < images; ++i) read(i);
  }
  std::printf("{\"case\": \"%s\", \"images\": %lld, \"seconds\": %.6f}\n", name,
              static_cast<long long>(images * passes), process_cpu_seconds() - start);
}

void run(const std::string& folder, int passes) {
  config::Config config;
  config.data.kind = config::DataKind::kImageFolder;
  config.data.path = folder;
  config.data.image_size = 224;
  config.data.flip = true;
  config.data.holdout = 0;
  config.training.batch_size = 1;
  const DataSource random = open_data(config);
  const auto list = std::make_shared<const ImageList>(folder + "/train");
  ImageFolderTransform central;
  central.normalisation = {{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}};
  const ImageFolderDataset centred(list, list->first(0), central, std::make_shared<BrokenFiles>(0));
  measure("decode", list->size(), passes, [&](std::int64_t i) {
    std::string content;
    std::string reason;
    if (!read_file(list->path_of(i), content, reason)) throw DataError(reason);
    decode_jpeg(content);
  });
  measure("decode + training transform", list->size(), passes,
          [&](std::int64_t i) { random.train->load({i}, 0); });
  measure("decode + evaluation transform", list->size(), passes,
          [&](std::int64_t i) { centred.load({i}, 0); });
}

}  // namespace
}  // namespace interlock::data

int main(int count, char** arguments) {
  try {
    if (count != 3) throw std::runtime_error("usage: bench_loader FOLDER PASSES");
    interlock::data::run(arguments[1], std::stoi(arguments[2]));
    return 0;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
}
