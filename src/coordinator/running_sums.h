#pragma once
// Sums over several batches, by stage: what means over an epoch or an evaluation are made of.

#include <cstdint>
#include <string>

#include "coordinator/batch_record.h"
#include "coordinator/metrics_log.h"

namespace interlock::coordinator {

struct RunningSums {
  std::int64_t samples = 0;
  std::int64_t targets = 0;  // that count: what losses and hits are means over
  PerStage loss, correct, busy, elapsed;

  void add(const BatchRecord& record);
  [[nodiscard]] PerStage mean_loss() const;
  [[nodiscard]] PerStage accuracy(bool defined) const;
  [[nodiscard]] PerStage busy_fraction() const;
};

// As JSON, bit for bit, for checkpoints in the middle of an epoch. Where the number of stages has changed
// since, what is by stage is no use: parse() then gives nothing of it. Errors: DataError where `text` is no
// such thing.
std::string to_text(const RunningSums& sums);
RunningSums parse_running_sums(const std::string& text, int stages);

}  // namespace interlock::coordinator
