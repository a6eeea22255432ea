#include "coordinator/left_out_steps.h"

#include "common/error.h"
#include "support/catch.h"
#include "support/temp_folder.h"

namespace interlock::coordinator {
namespace {

BatchRecord record(std::int64_t step, bool left_out) {
  BatchRecord result;
  result.order.step = step;
  result.order.epoch = 1;
  result.stages.resize(3);
  for (int stage = 0; stage < 3; ++stage) {
    result.stages[static_cast<std::size_t>(stage)].stage = stage;
    result.stages[static_cast<std::size_t>(stage)].left_out = left_out ? 1 : 0;
  }
  result.stages[1].nonfinite = {schedule::NonfiniteIn::kActivation, 2, 7, 0};
  result.stages[2].nonfinite = {schedule::NonfiniteIn::kLoss, 2, -1, 0};
  return result;
}

TEST_CASE("a number that is none is told with stage, layer, step and micro-batch") {
  CHECK(describe_nonfinite(record(41, true)) ==
        "step 41 (epoch 2): stage 1: the output of layer 7 is NaN or infinite in micro-batch 2; "
        "stage 2: the loss is NaN or infinite in micro-batch 2");
}

TEST_CASE("so many steps left out in a row end the run, with good ones between them they do not") {
  config::TrainingConfig training;
  training.nonfinite = config::NonfiniteKind::kSkip;
  training.nonfinite_limit = 2;
  LeftOutSteps steps(training);
  for (int i = 0; i < 5; ++i) CHECK_FALSE(steps.trained(record(i, i % 2 == 0)));
  const std::string message = test::message_of<PeerError>([&] { (void)steps.trained(record(5, true)); });
  CHECK(message.find("2 steps in a row") != std::string::npos);
}

TEST_CASE("rewinding is asked for with nonfinite: rewind alone, and needs a checkpoint") {
  config::TrainingConfig training;
  training.nonfinite = config::NonfiniteKind::kRewind;
  LeftOutSteps steps(training);
  CHECK_FALSE(steps.trained(record(1, false)));
  CHECK(steps.trained(record(2, true)));
  CHECK_NOTHROW(announce_rewind(2, 1));
  CHECK_THROWS_AS(announce_rewind(2, 0), PeerError);
}

}  // namespace
}  // namespace interlock::coordinator
