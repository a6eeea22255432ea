#include "coordinator/left_out_steps.h"

#include <vector>

#include <fmt/format.h>

#include "common/error.h"
#include "common/log.h"
#include "common/text.h"

namespace interlock::coordinator {
namespace {

using schedule::Nonfinite;
using schedule::NonfiniteIn;

std::string what(const Nonfinite& found) {
  const std::string place = found.layer < 0 ? std::string() : fmt::format(" of layer {}", found.layer);
  switch (found.in) {
    case NonfiniteIn::kInput:
      return "the data";
    case NonfiniteIn::kActivation:
      return "the output" + place;
    case NonfiniteIn::kLoss:
      return "the loss";
    case NonfiniteIn::kGradient:
      return "a gradient" + place;
    case NonfiniteIn::kNothing:
      break;
  }
  return "nothing";
}

}  // namespace

std::string describe_nonfinite(const BatchRecord& record) {
  std::vector<std::string> parts;
  for (const schedule::Report& report : record.stages) {
    const Nonfinite& found = report.nonfinite;
    if (found.in == NonfiniteIn::kNothing) continue;
    const std::string where =
        found.micro_batch < 0 ? std::string() : fmt::format(" in micro-batch {}", found.micro_batch);
    parts.push_back(fmt::format("stage {}: {} is NaN or infinite{}", report.stage, what(found), where));
  }
  return fmt::format("step {} (epoch {}): {}", record.order.step, record.order.epoch + 1,
                     parts.empty() ? "a number is NaN or infinite" : join(parts, "; "));
}

bool LeftOutSteps::trained(const BatchRecord& record) {
  if (record.stages.front().left_out == 0) {
    in_a_row_ = 0;
    return false;
  }
  ++in_a_row_;
  const std::string found = describe_nonfinite(record);
  if (in_a_row_ >= training_.nonfinite_limit) {
    throw PeerError(
        fmt::format("{}: {} steps in a row were left out (training.nonfinite_limit); lower optimizer.lr, "
                    "warm up longer, or set "
                    "training.clip_norm",
                    found, in_a_row_));
  }
  log_warning(fmt::format("{}: the update is left out on all stages", found));
  return training_.nonfinite == config::NonfiniteKind::kRewind;
}

void announce_rewind(std::int64_t left_out_step, std::int64_t checkpoint) {
  if (checkpoint == 0) {
    throw PeerError(fmt::format(
        "step {}: there is no checkpoint to rewind to (training.nonfinite: rewind); write some sooner with "
        "run.checkpoint_every_steps",
        left_out_step));
  }
  log_warning(fmt::format("rewinding to the weights of step {}; the steps between are left out", checkpoint));
}

}  // namespace interlock::coordinator
