#pragma once
// What follows from steps whose update was left out because a number was NaN or infinite
// (training.nonfinite).

#include <cstdint>
#include <string>

#include "config/config.h"
#include "coordinator/batch_record.h"

namespace interlock::coordinator {

class LeftOutSteps {
 public:
  explicit LeftOutSteps(const config::TrainingConfig& training) : training_(training) {}

  // Of every trained step, in order. Says where the numbers were; true where the run must rewind. Errors:
  // PeerError after training.nonfinite_limit such steps in a row.
  bool trained(const BatchRecord& record);

 private:
  const config::TrainingConfig& training_;
  std::int64_t in_a_row_ = 0;
};

// "step 41 (epoch 3): stage 2: the output of layer 7 is NaN or infinite in micro-batch 1; stage 3: ...".
// Stages that have found nothing are not named.
std::string describe_nonfinite(const BatchRecord& record);

// Says that the run goes back to the weights of that checkpoint. Errors: PeerError where there is none (0).
void announce_rewind(std::int64_t left_out_step, std::int64_t checkpoint);

}  // namespace interlock::coordinator
