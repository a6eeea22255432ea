#include "data/text_dataset.h"

#include <algorithm>
#include <utility>

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include "common/error.h"
#include "common/random.h"

namespace interlock::data {
namespace {

Batch empty_batch(std::size_t samples, std::int64_t context) {
  const auto count = static_cast<std::int64_t>(samples);
  return {at::empty({count, context}, at::TensorOptions(at::kLong)),
          at::empty({count, context}, at::TensorOptions(at::kLong))};
}

void check_sample(std::int64_t sample, std::int64_t size) {
  INTERLOCK_CHECK(sample >= 0 && sample < size, fmt::format("sample {} of {}", sample, size));
}

}  // namespace

// The count leaves room for the largest shift, so that it is the same in every epoch, and for the last
// target.
StreamDataset::StreamDataset(text::TextPart part, std::int64_t context, Shift shift, std::uint64_t seed,
                             std::int64_t limit)
    : part_(std::move(part)),
      context_(context),
      shift_(shift),
      seed_(seed),
      size_(limited((part_.tokens() - (shift == Shift::kNone ? 1 : context)) / context, limit)) {}

std::int64_t StreamDataset::shift_in(std::int64_t epoch) const {
  if (shift_ == Shift::kNone) return 0;
  SplitMix64 random(derive_seed(seed_, SeedPurpose::kTextWindow, {static_cast<std::uint64_t>(epoch)}));
  return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(context_)));
}

Batch StreamDataset::load(const std::vector<std::int64_t>& samples, std::int64_t epoch) const {
  Batch batch = empty_batch(samples.size(), context_);
  auto* input = batch.inputs.mutable_data_ptr<std::int64_t>();
  auto* target = batch.targets.mutable_data_ptr<std::int64_t>();
  const std::int64_t start = part_.begin + shift_in(epoch);
  for (const std::int64_t sample : samples) {
    check_sample(sample, size_);
    const std::int64_t first = start + sample * context_;
    part_.file->read(first, context_, input);
    std::copy(input + 1, input + context_, target);
    part_.file->read(first + context_, 1, target + context_ - 1);
    input += context_;
    target += context_;
  }
  return batch;
}

LineDataset::LineDataset(text::TextPart part, std::int64_t context, std::int64_t limit)
    : part_(std::move(part)), context_(context), size_(limited(part_.lines.size(), limit)) {}

Batch LineDataset::load(const std::vector<std::int64_t>& samples, std::int64_t /*epoch*/) const {
  Batch batch = empty_batch(samples.size(), context_);
  auto* input = batch.inputs.mutable_data_ptr<std::int64_t>();
  auto* target = batch.targets.mutable_data_ptr<std::int64_t>();
  for (const std::int64_t sample : samples) {
    check_sample(sample, size_);
    const std::int64_t line = part_.lines.line(sample);
    const std::int64_t first = part_.file->line_start(line);
    const std::int64_t count = std::min(part_.file->line_start(line + 1) - first, context_);
    part_.file->read(first - 1, count, input);  // from the end_of_line before it
    part_.file->read(first, count, target);
    std::fill(input + count, input + context_, 0);
    std::fill(target + count, target + context_, kIgnoredTarget);
    input += context_;
    target += context_;
  }
  return batch;
}

}  // namespace interlock::data
