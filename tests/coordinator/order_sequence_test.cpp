#include "coordinator/order_sequence.h"

#include <fmt/format.h>

#include "support/catch.h"

namespace interlock::coordinator {
namespace {

using schedule::Order;
using schedule::OrderKind;

// 10 samples in batches of 4: three steps an epoch, the last batch with two samples. Two epochs.
Job small_job() {
  Job job;
  job.config.training.batch_size = 4;
  job.train_samples = 10;
  job.eval_samples = 5;
  job.steps_per_epoch = 3;
  job.total_steps = 6;
  return job;
}

// "T2@4+4": training step 2 on samples 4 to 7. "C3": checkpoint after step 3. "E3@4+1.": last batch of an
// evaluation.
std::string in_words(const std::vector<Order>& orders) {
  std::string text;
  for (const Order& order : orders) {
    if (!text.empty()) text += ' ';
    const char letter = order.kind == OrderKind::kTrain      ? 'T'
                        : order.kind == OrderKind::kEvaluate ? 'E'
                                                             : 'C';
    text += fmt::format("{}{}", letter, order.step);
    if (letter != 'C') text += fmt::format("@{}+{}", order.first_sample, order.samples);
    if (order.ends_evaluation != 0) text += '.';
  }
  return text;
}

std::string rest_of(RunOrders& run) {
  std::vector<Order> orders;
  while (const std::optional<Order> order = run.next()) orders.push_back(*order);
  return in_words(orders);
}

std::string all_of(const Job& job) {
  RunOrders run(job);
  return rest_of(run);
}

const std::string kSecondEpoch = "T4@0+4 T5@4+4 T6@8+2 C6 E6@0+4 E6@4+1.";

TEST_CASE("an epoch: its batches, the last one ragged, then a checkpoint, then an evaluation") {
  const Job job = small_job();
  CHECK(all_of(job) == "T1@0+4 T2@4+4 T3@8+2 C3 E3@0+4 E3@4+1. " + kSecondEpoch);
  for (const Order& order : step_orders(job, 3)) CHECK(order.epoch == 0);
  for (const Order& order : step_orders(job, 4)) CHECK(order.epoch == 1);
}

TEST_CASE("a run that goes on from the middle of an epoch takes up the samples that are left") {
  Job job = small_job();
  job.steps_done = 4;
  CHECK(all_of(job) == "T5@4+4 T6@8+2 C6 E6@0+4 E6@4+1.");
}

TEST_CASE("a run that goes on from the end of an epoch starts with the next one") {
  Job job = small_job();
  job.steps_done = 3;
  CHECK(all_of(job) == kSecondEpoch);
  job.steps_done = 6;
  CHECK(all_of(job).empty());
}

TEST_CASE("a run that ended before an evaluation was done begins with it") {
  Job job = small_job();
  job.steps_done = 3;
  job.evaluate_first = true;
  CHECK(all_of(job) == "E3@0+4 E3@4+1. " + kSecondEpoch);
}

TEST_CASE("a run limited to some steps ends there, with its checkpoint and evaluation") {
  Job job = small_job();
  job.total_steps = 2;
  CHECK(all_of(job) == "T1@0+4 T2@4+4 C2 E2@0+4 E2@4+1.");
  job.total_steps = 5;
  job.steps_done = 3;
  CHECK(all_of(job) == "T4@0+4 T5@4+4 C5 E5@0+4 E5@4+1.");
}

TEST_CASE("evaluations come every so many epochs, and after the last step in any case") {
  Job job = small_job();
  job.config.training.eval_every_epochs = 2;
  job.total_steps = 9;
  job.eval_samples = 1;
  CHECK(all_of(job) ==
        "T1@0+4 T2@4+4 T3@8+2 C3 T4@0+4 T5@4+4 T6@8+2 C6 E6@0+1. T7@0+4 T8@4+4 T9@8+2 C9 E9@0+1.");
  job.config.training.eval_every_epochs = 0;
  CHECK(all_of(job) == "T1@0+4 T2@4+4 T3@8+2 C3 T4@0+4 T5@4+4 T6@8+2 C6 T7@0+4 T8@4+4 T9@8+2 C9");
}

TEST_CASE("checkpoints come every so many steps too, once where both are due") {
  Job job = small_job();
  job.config.run.checkpoint_every_steps = 2;
  job.eval_samples = 0;
  CHECK(all_of(job) == "T1@0+4 T2@4+4 C2 T3@8+2 C3 T4@0+4 C4 T5@4+4 T6@8+2 C6");
}

TEST_CASE("no checkpoint where none is wanted, no evaluation where there is nothing to evaluate on") {
  Job job = small_job();
  job.config.run.checkpoint = false;
  job.config.run.checkpoint_every_steps = 1;
  job.eval_samples = 0;
  job.total_steps = 3;
  CHECK(all_of(job) == "T1@0+4 T2@4+4 T3@8+2");
}

TEST_CASE(
    "a run that rewinds goes on after the step that was left out, with that step's checkpoint and "
    "evaluation") {
  const Job job = small_job();
  RunOrders run(job);
  for (int given = 0; given < 4; ++given) (void)run.next();  // up to C3
  run.go_on_after(2);
  CHECK(rest_of(run) == "T3@8+2 C3 E3@0+4 E3@4+1. " + kSecondEpoch);
  run.go_on_after(3);
  CHECK(rest_of(run) == "C3 E3@0+4 E3@4+1. " + kSecondEpoch);
}

TEST_CASE("an evaluation marks its last batch alone") {
  Job job = small_job();
  job.eval_samples = 8;
  CHECK(in_words(evaluation_orders(job, 1, 6)) == "E6@0+4 E6@4+4.");
  job.eval_samples = 3;
  CHECK(in_words(evaluation_orders(job, 1, 6)) == "E6@0+3.");
}

}  // namespace
}  // namespace interlock::coordinator
