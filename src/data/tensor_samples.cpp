#include "data/tensor_samples.h"

#include <limits>
#include <vector>

#include <fmt/format.h>

#include "common/error.h"
#include "common/ids.h"
#include "common/text.h"
#include "storage/safetensors.h"

namespace interlock::data {
namespace {

[[noreturn]] void fail(const std::string& path, const std::string& tensor, const std::string& problem) {
  throw DataError(fmt::format("{}: tensor '{}': {}", path, tensor, problem));
}

at::Tensor required(const storage::TensorFile& file, const std::string& path, const std::string& name) {
  if (const at::Tensor* tensor = file.find(name)) return *tensor;
  std::vector<std::string> found;
  for (const auto& entry : file.tensors) found.push_back(entry.first);
  throw DataError(
      fmt::format("{}: no tensor '{}'; data.kind tensors needs 'inputs' and 'targets', the file has: {}",
                  path, name, found.empty() ? "none" : join(found, ", ")));
}

bool is_whole(at::ScalarType type) {
  return at::isIntegralType(type, /*includeBool=*/false);
}

at::Tensor convert_inputs(const std::string& path, const at::Tensor& inputs) {
  const at::ScalarType type = inputs.scalar_type();
  if (at::isFloatingType(type) || type == at::kByte) return inputs.to(at::kFloat);
  if (type == at::kLong || type == at::kInt) return inputs.to(at::kLong);
  fail(path, "inputs",
       fmt::format("type {} is not supported; use float32, or int64 for tokens", at::toString(type)));
}

// Refuses the first number of a sample that is neither in 0 .. count-1 nor padding among targets by position.
void check_range(const std::string& path, const char* name, const at::Tensor& numbers, std::int64_t count,
                 const char* what, const std::string& why) {
  const auto* number = numbers.const_data_ptr<std::int64_t>();
  const std::int64_t per_sample = numbers.numel() / numbers.size(0);
  const bool padded = name == std::string("targets") && numbers.dim() > 1;
  for (std::int64_t i = 0; i < numbers.numel(); ++i) {
    if (0 <= number[i] && number[i] < count) continue;
    if (padded && number[i] == kIgnoredTarget) continue;
    fail(path, name, fmt::format("sample {} has {} {}{}", i / per_sample, what, number[i], why));
  }
}

// One more than the largest number, all of which are then in range.
std::int64_t count_numbers(const std::string& path, const char* name, const at::Tensor& numbers,
                           const char* what, const char* whats) {
  constexpr std::int64_t kLargest = std::numeric_limits<std::int32_t>::max();
  const auto largest = numbers.max().item<std::int64_t>();
  if (largest > kLargest)
    check_range(path, name, numbers, kLargest + 1, what,
                fmt::format("; {} go up to {} at most", whats, kLargest));
  check_range(path, name, numbers, largest + 1, what, fmt::format("; {} count from 0", whats));
  return largest + 1;
}

at::Tensor convert_targets(const std::string& path, const at::Tensor& targets, config::LossKind loss) {
  const at::ScalarType type = targets.scalar_type();
  if (loss == config::LossKind::kMeanSquaredError) {
    if (at::isFloatingType(type)) return targets.to(at::kFloat);
    fail(path, "targets",
         fmt::format("training.loss mean_squared_error needs float32, not {}", at::toString(type)));
  }
  if (!is_whole(type)) {
    fail(path, "targets",
         fmt::format("training.loss cross_entropy needs class numbers, [samples] int64 (or one a position), "
                     "not {} {}",
                     format_shape(targets.sizes().vec()), at::toString(type)));
  }
  return targets.to(at::kLong);
}

}  // namespace

TensorSamples read_tensor_samples(const std::string& path, config::LossKind loss) {
  const storage::TensorFile file = storage::read_safetensors(path);
  TensorSamples samples;
  samples.inputs = required(file, path, "inputs");
  samples.targets = required(file, path, "targets");
  for (const char* name : {"inputs", "targets"}) {
    const at::Tensor& tensor = *file.find(name);
    if (tensor.dim() == 0) fail(path, name, "a single number; its first dimension must count the samples");
    if (tensor.numel() == 0)
      fail(path, name, fmt::format("empty: shape {}", format_shape(tensor.sizes().vec())));
  }
  if (samples.inputs.size(0) != samples.targets.size(0)) {
    fail(path, "targets",
         fmt::format("{} targets for {} inputs; both count the samples in their first dimension",
                     samples.targets.size(0), samples.inputs.size(0)));
  }
  samples.inputs = convert_inputs(path, samples.inputs);
  samples.targets = convert_targets(path, samples.targets, loss);
  if (samples.inputs.scalar_type() == at::kLong)
    samples.tokens = count_numbers(path, "inputs", samples.inputs, "token", "tokens");
  if (loss == config::LossKind::kCrossEntropy)
    samples.classes = count_numbers(path, "targets", samples.targets, "class", "classes");
  return samples;
}

void check_eval_fits(const std::string& eval_path, const TensorSamples& eval, const TensorSamples& train) {
  const auto check_alike = [&](const char* name, const at::Tensor& ours, const at::Tensor& theirs) {
    if (ours.scalar_type() != theirs.scalar_type()) {
      fail(eval_path, name,
           fmt::format("type {}, but {} in data.path", at::toString(ours.scalar_type()),
                       at::toString(theirs.scalar_type())));
    }
    if (ours.sizes().slice(1) != theirs.sizes().slice(1)) {
      fail(eval_path, name,
           fmt::format("a sample's shape is {}, but {} in data.path",
                       format_shape(ours.sizes().slice(1).vec()),
                       format_shape(theirs.sizes().slice(1).vec())));
    }
  };
  check_alike("inputs", eval.inputs, train.inputs);
  check_alike("targets", eval.targets, train.targets);
  if (train.classes == 0) return;
  check_range(eval_path, "targets", eval.targets, train.classes, "class",
              fmt::format(", but the classes in data.path are 0 to {}", train.classes - 1));
}

}  // namespace interlock::data
