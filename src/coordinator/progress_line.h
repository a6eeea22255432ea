#pragma once
// The words of the progress line, as long as there is room for them. Pure.

#include <cstddef>
#include <cstdint>
#include <string>

#include "coordinator/metrics_log.h"

namespace interlock::coordinator {

struct ProgressFacts {
  StepMetrics step;  // with the rates that are to be shown
  std::int64_t epochs = 0;
  std::int64_t steps = 0;
  double seconds_left = 0;
};

// "epoch 1/2  step 3/22  loss 2.301 1.987  acc 45.1 %  busy 98 97 %  mem 312 MiB  1234 samples/s  3s left",
// with a bar in front where `with_bar`. What does not fit into `columns` is said shorter, or left out: the
// last stage's loss and the time left stay longest.
std::string progress_line(const ProgressFacts& facts, std::size_t columns, bool with_bar);

// "2.3010 2.2150 1.9870", "-" where there is none.
std::string format_losses(const PerStage& losses, int digits = 4);
std::string format_percent(double fraction);  // "45.1 %", "-"

}  // namespace interlock::coordinator
