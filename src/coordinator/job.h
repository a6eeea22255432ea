#pragma once
// What the coordinator must know of a run: numbers only, no model and no data.

#include <cstdint>
#include <string>
#include <vector>

#include "config/config.h"

namespace interlock::coordinator {

struct Job {
  config::Config config;
  std::int64_t train_samples = 0;
  std::int64_t eval_samples = 0;  // 0: nothing to evaluate on
  std::int64_t steps_per_epoch = 0;
  std::int64_t total_steps = 0;
  bool text = false;            // a target is a token: losses have a perplexity, speed is tokens a second
  std::int64_t steps_done = 0;  // > 0 when going on from a checkpoint
  bool evaluate_first = false;  // of these steps: the run ended before it was done
  std::string recorder_state;   // RunRecorder::state() at the checkpoint; "" at an epoch's start

  [[nodiscard]] int stages() const { return config.partition.stages; }
  [[nodiscard]] std::int64_t epoch_of_step(std::int64_t step) const {
    return (step - 1) / steps_per_epoch;
  }  // from 0
  [[nodiscard]] bool ends_epoch(std::int64_t step) const {
    return step % steps_per_epoch == 0 || step == total_steps;
  }
};

}  // namespace interlock::coordinator
