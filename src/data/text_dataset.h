#pragma once
// Samples cut out of tokenised text: inputs and targets [n, T] int64, T = data.context.

#include <cstdint>
#include <vector>

#include "data/dataset.h"
#include "text/corpus.h"

namespace interlock::data {

// Windows of one stream: sample i is tokens o + i*T .. o + i*T + T-1, its targets the same one further on.
// The shift o is drawn from (seed, epoch), so that windows are cut elsewhere every epoch; without seed it is
// 0. What does not fill a window is left out.
class StreamDataset : public Dataset {
 public:
  enum class Shift { kEveryEpoch, kNone };

  // `limit`: keeps the first so many samples; 0 = all.
  StreamDataset(text::TextPart part, std::int64_t context, Shift shift, std::uint64_t seed,
                std::int64_t limit);

  [[nodiscard]] std::int64_t size() const override { return size_; }
  [[nodiscard]] Batch load(const std::vector<std::int64_t>& samples, std::int64_t epoch) const override;

 private:
  [[nodiscard]] std::int64_t shift_in(std::int64_t epoch) const;

  text::TextPart part_;
  std::int64_t context_;
  Shift shift_;
  std::uint64_t seed_;
  std::int64_t size_;
};

// One line a sample: inputs are end_of_line w1 ... wn, targets w1 ... wn end_of_line, both cut at T; behind a
// short line inputs are 0 and targets kIgnoredTarget. The same in every epoch.
class LineDataset : public Dataset {
 public:
  LineDataset(text::TextPart part, std::int64_t context, std::int64_t limit);

  [[nodiscard]] std::int64_t size() const override { return size_; }
  [[nodiscard]] Batch load(const std::vector<std::int64_t>& samples, std::int64_t epoch) const override;

 private:
  text::TextPart part_;
  std::int64_t context_;
  std::int64_t size_;
};

}  // namespace interlock::data
