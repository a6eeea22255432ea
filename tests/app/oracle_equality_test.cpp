// The central promise: weights, gradients and losses of a cut run equal the single-process oracle's to the
// last bit, for every horizon, number of micro-batches (the last one ragged) and mix, on several kinds of
// network. One launch has K = ranks - 1 stages and runs all cases of that K.

#include <memory>

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "app/verification.h"
#include "common/ids.h"
#include "schedule/program.h"
#include "support/catch.h"
#include "support/mpi_engine.h"
#include "training/schedule_choice.h"
#include "worker/worker.h"

namespace interlock {
namespace {

constexpr int kSteps = 5;
constexpr std::int64_t kBatch = 7;  // 2, 3 and 5 micro-batches all end in a smaller one

struct Model {
  const char* name;
  const char* yaml;        // model section, 5 cuts possible
  data::DatasetInfo info;  // what it trains on
};

const std::vector<Model>& test_models() {
  static const std::vector<Model> models = {
      {"mlp",
       "model: {kind: sequential, layers: [{linear: {in: 6, out: 9}}, relu, {linear: {in: 9, out: 8}}, tanh, "
       "{dropout: {p: 0.2}}, "
       "{linear: {in: 8, out: 4}}]}\n"
       "learning: {head: fc5_fc",
       {{6}, {}, 4, false, 33, 0}},
      {"convnet",
       "model: {kind: convnet, channels: [4, 4, 6, 6]}\nlearning: {head: conv3_gbpl_fc",
       {{3, 8, 8}, {}, 4, false, 33, 0}},
      {"resnet",
       "model: {kind: resnet, super_blocks: '4,2/6,2'}\nlearning: {head: conv4_bn_gbpl_fc",
       {{3, 8, 8}, {}, 4, false, 33, 0}},
      {"tied language model",
       "model: {kind: transformer_lm, blocks: 4, width: 8, attention_heads: 2, dropout: 0.1}\n"
       "learning: {head: norm_unembed",
       {{6}, {6}, 11, true, 33, 0, "text"}},
      {"untied language model",
       "model: {kind: transformer_lm, blocks: 4, width: 8, attention_heads: 2, tied: false, positions: "
       "rotary}\n"
       "learning: {head: block_norm_fc",
       {{6}, {6}, 11, true, 33, 0, "text"}},
  };
  return models;
}

// Random samples, the same on every rank.
class RandomDataset : public data::Dataset {
 public:
  explicit RandomDataset(const data::DatasetInfo& info) {
    torch::manual_seed(99);
    std::vector<std::int64_t> shape = info.sample_shape;
    shape.insert(shape.begin(), info.train_samples);
    if (!info.is_text()) {
      inputs_ = torch::randn(shape);
      targets_ = torch::randint(info.classes, {info.train_samples}, torch::kLong);
      return;
    }
    inputs_ = torch::randint(info.classes, shape, torch::kLong);
    targets_ = torch::randint(info.classes, shape, torch::kLong);
    for (std::int64_t i = 0; i < info.train_samples; i += 2) {  // every second one is padded
      targets_.select(0, i).slice(0, 2 + i % 4).fill_(kIgnoredTarget);
    }
  }
  [[nodiscard]] std::int64_t size() const override { return inputs_.size(0); }
  [[nodiscard]] data::Batch load(const std::vector<std::int64_t>& samples, std::int64_t) const override {
    const at::Tensor index = torch::tensor(samples, torch::kLong);
    return {inputs_.index_select(0, index), targets_.index_select(0, index)};
  }

 private:
  at::Tensor inputs_, targets_;
};

data::DataSource open(const data::DatasetInfo& info) {
  return {info, std::make_unique<RandomDataset>(info), nullptr};
}

// "2,1,1,rest" for four stages: the last one keeps whatever the heads would not fit behind (pooling, linear).
std::string cut_into(int stages) {
  std::string counts;
  for (int stage = 0; stage + 1 < stages; ++stage) counts += stage == 0 ? "2," : "1,";
  return counts + "rest";
}

config::Config make_config(const Model& model, int stages, int horizon, int micro_batches,
                           const std::string& mix, const std::string& extra) {
  const std::string yaml = fmt::format(
      "{}, horizon: {}, mix: {}{}}}\npartition: {{layers: \"{}\"}}\nschedule: {{micro_batches: {}}}\n"
      "data: {{kind: tensors, path: none}}\n"
      "optimizer: {{kind: sgd, lr: 0.1, momentum: 0.9, weight_decay: 0.001}}\n"
      "training: {{batch_size: {}, epochs: 1, clip_norm: 1.5}}\n",
      model.yaml, horizon, mix, extra, cut_into(stages), micro_batches, kBatch);
  return config::parse_config(yaml, "test", {});
}

// Runs one case on this rank; the coordinator returns what it found. `stack`: gradients of several losses in
// one pass wherever the schedule has them side by side.
app::Verification run_case(const config::Config& config, const data::DatasetInfo& info, bool stack = false) {
  comm::ProgressEngine& engine = testing::engine();
  training::RunPlan plan = training::make_run_plan(config, info);
  plan.schedule = training::choose_schedule(plan).schedule;  // the same on every rank: a pure function
  for (schedule::StageProgram& program : plan.schedule) {
    if (stack) program = schedule::stack_neighbours(program);
  }
  if (engine.rank() == kCoordinator) return app::verify_as_coordinator(plan, open(info), engine, kSteps);
  worker::Worker worker(plan, stage_of_rank(engine.rank()), engine, open(info));
  worker.run();
  return {};
}

int count_differing(const app::Verification& verification) {
  int differing = 0;
  for (const app::StageDifference& stage : verification.stages) differing += stage.bitwise ? 0 : 1;
  return differing;
}

void run_grid(const std::string& mix) {
  at::set_num_threads(1);
  const int stages = testing::engine().size() - 1;
  for (const Model& model : test_models()) {
    for (int horizon = 1; horizon <= stages; ++horizon) {
      for (const int micro_batches : {1, 2, 3, 5}) {
        const config::Config config = make_config(model, stages, horizon, micro_batches, mix, "");
        const app::Verification verification = run_case(config, model.info);
        INFO(fmt::format("{} K={} N={} M={} mix={}", model.name, stages, horizon, micro_batches, mix));
        for (const app::StageDifference& stage : verification.stages)
          INFO("worst: " << stage.worst << " " << stage.weights);
        CHECK(count_differing(verification) == 0);
      }
    }
  }
}

TEST_CASE("ranks equal the oracle bitwise under farthest") {
  run_grid("farthest");
}
TEST_CASE("ranks equal the oracle bitwise under sum") {
  run_grid("sum");
}
TEST_CASE("ranks equal the oracle bitwise under mean") {
  run_grid("mean");
}

TEST_CASE("ranks equal the oracle bitwise with own weights and with all heads trained") {
  at::set_num_threads(1);
  const int stages = testing::engine().size() - 1;
  const int horizon = std::min(2, stages);
  const std::string weights = horizon == 1 ? "[0.5]" : "[0.3, 0.7]";
  for (const Model& model : test_models()) {
    CHECK(count_differing(run_case(make_config(model, stages, horizon, 3, weights, ""), model.info)) == 0);
    CHECK(count_differing(run_case(
              make_config(model, stages, horizon, 3, "farthest", ", train_all_heads: true"), model.info)) ==
          0);
  }
}

// Any order of actions that the validator accepts must give the same bits.
TEST_CASE("ranks equal the oracle bitwise under every schedule policy and cap") {
  at::set_num_threads(1);
  const int stages = testing::engine().size() - 1;
  for (const Model& model : test_models()) {
    for (int horizon = 1; horizon <= stages; ++horizon) {
      const std::string special = horizon == stages ? "zero_bubble" : "planned";
      for (const std::string& policy : {std::string("gpipe"), std::string("1f1b"), special}) {
        for (const int micro_batches : {2, 5}) {
          config::Config config = make_config(model, stages, horizon, micro_batches, "farthest", "");
          config.schedule.policy = policy == "gpipe"   ? config::PolicyKind::kGpipe
                                   : policy == "1f1b"  ? config::PolicyKind::kOneForwardOneBackward
                                   : horizon == stages ? config::PolicyKind::kZeroBubble
                                                       : config::PolicyKind::kPlanned;
          INFO(
              fmt::format("{} K={} N={} M={} policy={}", model.name, stages, horizon, micro_batches, policy));
          CHECK(count_differing(run_case(config, model.info)) == 0);
          if (policy == "gpipe") continue;  // keeps everything in flight
          config.schedule.in_flight = 1;
          CHECK(count_differing(run_case(config, model.info)) == 0);
        }
      }
    }
  }
}

TEST_CASE("ranks that run the forward a second time equal the oracle bitwise") {
  at::set_num_threads(1);
  const int stages = testing::engine().size() - 1;
  for (const Model& model : test_models()) {
    for (int horizon = 1; horizon <= stages; ++horizon) {
      config::Config config = make_config(model, stages, horizon, 3, "sum", "");
      config.training.recompute = true;
      INFO(fmt::format("{} K={} N={}", model.name, stages, horizon));
      CHECK(count_differing(run_case(config, model.info)) == 0);
    }
  }
}

// Not to the last bit: a matrix product of more rows may add in another order.
TEST_CASE("ranks that stack the gradients of several losses equal the oracle to rounding") {
  at::set_num_threads(1);
  const int stages = testing::engine().size() - 1;
  for (const Model& model : test_models()) {
    for (int horizon = 3; horizon < stages; ++horizon) {
      for (const char* const policy : {"planned", "gpipe"}) {
        config::Config config = make_config(model, stages, horizon, 3, "sum", "");
        config.schedule.policy =
            policy == std::string("gpipe") ? config::PolicyKind::kGpipe : config::PolicyKind::kPlanned;
        INFO(fmt::format("{} K={} N={} {}", model.name, stages, horizon, policy));
        for (const app::StageDifference& stage : run_case(config, model.info, /*stack=*/true).stages) {
          CHECK(stage.loss < 1e-5);
          CHECK(stage.weights < 1e-5);
        }
      }
    }
  }
}

// What the runtime did, counted action by action, against the paper's rule worked out by hand.
TEST_CASE("no dead head, gradient or loss is computed") {
  at::set_num_threads(1);
  const int stages = testing::engine().size() - 1;
  if (stages != 4) return;
  const Model& model = test_models().front();
  const app::Verification verification = run_case(make_config(model, 4, 2, 1, "farthest", ""), model.info);
  if (verification.stages.empty()) return;  // a worker
  // K = 4, N = 2: head 0 is dead (no stage -1 would learn from it); heads 1 and 2 each serve the stage below,
  // and loss 3 serves stages 2 and 3. Counts per step: F L I W B U, as in ActionKind.
  const std::vector<std::array<std::int64_t, 6>> expected = {
      {1, 0, 0, 1, 0, 1},
      {1, 1, 1, 1, 0, 1},
      {1, 1, 1, 1, 0, 1},
      {1, 1, 1, 1, 0, 1},
  };
  for (std::size_t k = 0; k < 4; ++k) {
    for (std::size_t a = 0; a < 6; ++a) CHECK(verification.actions[k][a] == kSteps * expected[k][a]);
  }
}

}  // namespace
}  // namespace interlock
