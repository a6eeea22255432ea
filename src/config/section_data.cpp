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

void read_text_keys(const Section& section, DataConfig& data) {
  const bool text = data.kind == DataKind::kText;
  section.only_for("data.kind: text", text, {"tokens", "sequences", "context", "cache"});
  section.read("tokens", data.tokens, token_kinds());
  section.only_for("data.tokens: words or sentencepiece", text && data.tokens != TokenKind::kBytes,
                   {"vocabulary", "vocabulary_size"});
  section.read("sequences", data.sequences, sequence_kinds());
  section.read("context", data.context, 1, 1 << 20);
  section.read("vocabulary", data.vocabulary);
  section.read("vocabulary_size", data.vocabulary_size, 3, 1 << 24);
  if (section.has("vocabulary_size") && !data.vocabulary.empty()) {
    fail(section.where("vocabulary_size"), section.full("vocabulary_size"),
         "is for a vocabulary that is made from the text, but data.vocabulary gives one; remove one of them");
  }
  section.read("cache", data.cache);
}

void read_range(const Section& section, const std::string& key, std::vector<double>& range,
                const Interval& allowed) {
  section.read(key, range, allowed);
  if (range.size() == 2 && range[0] <= range[1]) return;
  fail(section.where(key), section.full(key), "wants two numbers, the smallest and the largest");
}

void read_folder_keys(const Section& section, DataConfig& data) {
  section.only_for("data.kind: imagefolder", data.kind == DataKind::kImageFolder,
                   {"resize", "crop_area", "crop_ratio", "broken_limit"});
  if (data.kind == DataKind::kImageFolder) data.resize = data.image_size * 8 / 7;  // 224 -> 256
  section.read("resize", data.resize, 8, 8192);
  read_range(section, "crop_area", data.crop_area, kPositive);
  if (data.crop_area[1] > 1) {
    fail(section.where("crop_area"), section.full("crop_area"), "is a fraction of the image, at most 1");
  }
  read_range(section, "crop_ratio", data.crop_ratio, kPositive);
  section.read("broken_limit", data.broken_limit, 0);
}

}  // namespace

DataConfig read_data(const Section& section) {
  constexpr std::int64_t kMaxSamples = 1'000'000'000;
  DataConfig data;
  section.read("kind", data.kind, data_kinds());
  const bool shapes = data.kind == DataKind::kShapes;
  const bool folder = data.kind == DataKind::kImageFolder;
  const bool text = data.kind == DataKind::kText;
  const bool tensors = data.kind == DataKind::kTensors;
  section.only_for("data.kind: shapes", shapes, {"train_samples", "eval_samples"});
  section.only_for("data.kind: shapes or imagefolder", shapes || folder, {"image_size"});
  section.only_for("data.kind: cifar10, cifar100, idx, tensors, text or imagefolder", !shapes, {"path"});
  section.only_for("data.kind: tensors or text", tensors || text, {"eval_path"});
  section.only_for("data.kind: shapes, cifar10, cifar100 or idx", !text && !tensors && !folder,
                   {"downscale", "crop_padding"});
  section.only_for("images", !text && !tensors, {"flip", "mean", "deviation"});

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
  if (folder) data.image_size = 224;
  section.read("image_size", data.image_size, 8, folder ? 4096 : 256);
  section.read("downscale", data.downscale, 1, 8);
  if ((data.downscale & (data.downscale - 1)) != 0) {
    fail_type(*section.find("downscale"), section.full("downscale"), "1, 2, 4 or 8");
  }
  section.read("crop_padding", data.crop_padding, 0, 256);
  section.read("flip", data.flip);
  section.read("shuffle", data.shuffle);
  section.read("drop_last", data.drop_last);
  section.read("holdout", data.holdout, kZeroToBelowOne);
  section.read("holdout_seed", data.holdout_seed);
  if (data.holdout > 0 && !data.eval_path.empty()) {
    fail(section.where("holdout"), section.full("holdout"),
         fmt::format("given together with data.eval_path ({}); evaluate on one of them",
                     section.where("eval_path").text()));
  }
  if (folder) data.threads = 2;
  section.read("threads", data.threads, 0, 256);
  read_text_keys(section, data);
  read_folder_keys(section, data);
  section.read("mean", data.mean, kAnyNumber);
  section.read("deviation", data.deviation, kPositive);
  check_statistics(section, data);
  return data;
}

}  // namespace interlock::config
