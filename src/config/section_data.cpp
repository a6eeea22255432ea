#include <fmt/format.h>

#include "config/sections.h"

namespace interlock::config {
namespace {

void check_statistics(const Section& section, const DataConfig& data) {
  if (data.mean.size() == data.deviation.size()) return;
  const std::string given = section.has("deviation") ? "deviation" : "mean";
  fail(section.where(given), section.full(given),
       fmt::format("data.mean has {} numbers and data.deviation has {}; both need one for each channel",
                   data.mean.size(), data.deviation.size()));
}

}  // namespace

DataConfig read_data(const Section& section) {
  constexpr std::int64_t kMaxSamples = 1'000'000'000;
  DataConfig data;
  section.read("kind", data.kind, data_kinds());
  const bool shapes = data.kind == DataKind::kShapes;
  section.only_for("data.kind: shapes", shapes, {"train_samples", "eval_samples", "image_size"});
  section.only_for("data.kind: cifar10, cifar100, idx or tensors", !shapes, {"path"});
  section.only_for("data.kind: tensors", data.kind == DataKind::kTensors, {"eval_path"});

  section.read("path", data.path);
  if (!shapes && data.path.empty()) {
    fail(section.where(section.has("path") ? "path" : "kind"), section.full("path"),
         fmt::format("missing; data.kind: {} needs the place of the data", name_of(data_kinds(), data.kind)));
  }
  section.read("eval_path", data.eval_path);
  section.read("limit", data.limit, 0);
  section.read("eval_limit", data.eval_limit, 0);
  section.read("train_samples", data.train_samples, 1, kMaxSamples);
  section.read("eval_samples", data.eval_samples, 0, kMaxSamples);
  section.read("image_size", data.image_size, 8, 256);
  section.read("downscale", data.downscale, 1, 8);
  if ((data.downscale & (data.downscale - 1)) != 0) {
    fail_type(*section.find("downscale"), section.full("downscale"), "1, 2, 4 or 8");
  }
  section.read("crop_padding", data.crop_padding, 0, 256);
  section.read("flip", data.flip);
  section.read("shuffle", data.shuffle);
  section.read("drop_last", data.drop_last);
  section.read("mean", data.mean, kAnyNumber);
  section.read("deviation", data.deviation, kPositive);
  check_statistics(section, data);
  return data;
}

}  // namespace interlock::config
