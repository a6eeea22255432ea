#pragma once
// Carries out one stage's program for one batch: takes what each action consumes from the links, lets the
// device compute, sends on what it produces. This loop is the whole runtime of a stage; what to do when is
// in the schedule.

#include <array>
#include <functional>

#include "data/dataset.h"
#include "schedule/protocol.h"
#include "worker/action_mark.h"
#include "worker/gradient_buckets.h"
#include "worker/prepared_program.h"
#include "worker/stage_device.h"
#include "worker/stage_links.h"
#include "worker/update_exchange.h"

namespace interlock::worker {

// Where stage 0 gets its micro-batches from.
using MicroBatchSource = std::function<data::Batch(int m)>;

class ProgramRunner {
 public:
  // All must outlive it; `buckets` is null where the stage has no replicas.
  ProgramRunner(const training::RunPlan& plan, Place own, StageDevice& device, StageLinks& links,
                UpdateExchange& exchange, GradientBuckets* buckets, const Marks& marks)
      : plan_(plan),
        own_(own),
        replicas_(plan.config.partition.placement().replicas(own.stage)),
        device_(device),
        links_(links),
        exchange_(exchange),
        buckets_(buckets),
        marks_(marks) {}

  // `sizes`: samples of the batch's micro-batches, of all replicas together. REQUIRES that the links expect
  // the program's messages. `source` is used by stage 0 only. Counts every action into `actions`.
  void run(const PreparedProgram& program, const std::vector<std::int64_t>& sizes, double learning_rate,
           const MicroBatchSource& source, std::array<std::int64_t, schedule::kActionKinds>& actions);

 private:
  [[nodiscard]] std::int64_t samples(int m) const { return sizes_->at(static_cast<std::size_t>(m)); }
  [[nodiscard]] bool has_part(const schedule::Action& action) const;
  void expect_last_gradients(const PreparedProgram& program);
  void carry_out(const PreparedAction& prepared, double learning_rate, const MicroBatchSource& source);
  void forward(const PreparedAction& prepared, const MicroBatchSource& source);
  void take_gradients(const PreparedAction& prepared);
  void input_gradients(const schedule::Action& action);
  void update(double learning_rate);

  const training::RunPlan& plan_;
  const Place own_;
  const int replicas_;
  StageDevice& device_;
  StageLinks& links_;
  UpdateExchange& exchange_;
  GradientBuckets* const buckets_;
  const Marks marks_;
  const std::vector<std::int64_t>* sizes_ = nullptr;  // of the batch that is run
  const schedule::Action* last_loss_ = nullptr;       // after these the head's, and the main net's, gradients
  const schedule::Action* last_weights_ = nullptr;    // are complete; null where none is to come
};

}  // namespace interlock::worker
