#pragma once
// Data sets as the trainer sees them: numbered samples that become micro-batches of tensors.

#include <cstdint>
#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

#include "common/ids.h"
#include "config/config.h"

namespace interlock::data {

// What every rank must know of the data without opening it (stage 0 opens it and tells the others).
struct DatasetInfo {
  std::vector<std::int64_t> sample_shape;  // of one input, e.g. [3, 32, 32]
  std::vector<std::int64_t> target_shape;  // of one target; [] for a class number, [T] for one a position
  std::int64_t classes = 0;                // 0 where targets are not class numbers (mean_squared_error)
  bool integer_inputs = false;             // inputs are int64 (tokens) rather than float32
  std::int64_t train_samples = 0;
  std::int64_t eval_samples = 0;  // 0: nothing to evaluate on
  // text: a checksum of the vocabulary, so that weights meet the token numbers they were trained on; else "".
  std::string vocabulary = "";
  std::int64_t tokens = 0;  // integer inputs are 0 .. tokens-1 where the data says so; 0: it does not

  [[nodiscard]] bool is_text() const { return !vocabulary.empty(); }
};

struct Batch {
  at::Tensor inputs;   // [n, sample_shape...], float32 or int64, contiguous, CPU
  at::Tensor targets;  // [n, target_shape...]: int64 class numbers (or kIgnoredTarget), or float32
};

// The same on another device; itself where it is there.
Batch to(const Batch& batch, at::Device device);

// Thread-compatible: load() is const and may be called from several threads.
class Dataset {
 public:
  virtual ~Dataset() = default;
  [[nodiscard]] virtual std::int64_t size() const = 0;

  // The samples with these numbers (0 .. size()-1), in this order. Augmentation draws from (seed, epoch,
  // number), so a sample looks the same in an epoch whatever micro-batch it falls into.
  [[nodiscard]] virtual Batch load(const std::vector<std::int64_t>& samples, std::int64_t epoch) const = 0;
};

struct DataSource {
  DatasetInfo info;
  std::unique_ptr<Dataset> train;
  std::unique_ptr<Dataset> eval;  // null where there is nothing to evaluate on
};

// How many of so many samples are used; a `limit` of 0 is none.
std::int64_t limited(std::int64_t samples, std::int64_t limit);

// Opens, reads and validates everything (sizes, labels within the classes) before any training.
// Errors: DataError with file and byte offset, or UsageError where the config does not fit the data.
DataSource open_data(const config::Config& config);

}  // namespace interlock::data
