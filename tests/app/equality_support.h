#pragma once
// Runs that ranks and oracle play side by side: models, random data, and one case on this rank. One launch
// has a coordinator and ranks - 1 workers.

#include <memory>

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "app/equality_grid.h"
#include "app/verification.h"
#include "common/ids.h"
#include "schedule/program.h"
#include "support/catch.h"
#include "support/mpi_engine.h"
#include "training/schedule_choice.h"
#include "worker/worker.h"

namespace interlock {
inline constexpr int kSteps = 5;
inline constexpr std::int64_t kBatch = 7;  // 2, 3 and 5 micro-batches all end in a smaller one

struct Model {
  const char* name;
  const char* yaml;        // model section, 5 cuts possible
  data::DatasetInfo info;  // what it trains on
};

inline const std::vector<Model>& test_models() {
  static const std::vector<Model> models = {
      {test::network_names()[0].c_str(),
       "model: {kind: sequential, layers: [{linear: {in: 6, out: 9}}, relu, {linear: {in: 9, out: 8}}, tanh, "
       "{dropout: {p: 0.2}}, "
       "{linear: {in: 8, out: 4}}]}\n"
       "learning: {head: fc5_fc",
       {{6}, {}, 4, false, 33, 0}},
      {test::network_names()[1].c_str(),
       "model: {kind: convnet, channels: [4, 4, 6, 6]}\nlearning: {head: conv3_gbpl_fc",
       {{3, 8, 8}, {}, 4, false, 33, 0}},
      {test::network_names()[2].c_str(),
       "model: {kind: resnet, super_blocks: '4,2/6,2'}\nlearning: {head: conv4_bn_gbpl_fc",
       {{3, 8, 8}, {}, 4, false, 33, 0}},
      {test::network_names()[3].c_str(),
       "model: {kind: transformer_lm, blocks: 4, width: 8, attention_heads: 2, dropout: 0.1}\n"
       "learning: {head: norm_unembed",
       {{6}, {6}, 11, true, 33, 0, "text"}},
      {test::network_names()[4].c_str(),
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

inline data::DataSource open(const data::DatasetInfo& info) {
  return {info, std::make_unique<RandomDataset>(info), nullptr};
}

// "2,1,1,rest" for four stages: the last one keeps whatever the heads would not fit behind (pooling, linear).
inline std::string cut_into(int stages) {
  std::string counts;
  for (int stage = 0; stage + 1 < stages; ++stage) counts += stage == 0 ? "2," : "1,";
  return counts + "rest";
}

inline config::Config make_config(const Model& model, int stages, int horizon, int micro_batches,
                                  const std::string& mix, const std::string& extra) {
  const std::string yaml = fmt::format(
      "{}, horizon: {}, mix: {}{}}}\npartition: {{layers: \"{}\"}}\nschedule: {{micro_batches: {}}}\n"
      "data: {{kind: tensors, path: none}}\n"
      "optimizer: {{kind: sgd, lr: 0.1, momentum: 0.9, weight_decay: 0.001}}\n"
      "training: {{batch_size: {}, epochs: 1, clip_norm: 1.5}}\nrun: {{device: cpu}}\n",
      model.yaml, horizon, mix, extra, cut_into(stages), micro_batches, kBatch);
  return config::parse_config(yaml, "test", {});
}

// Runs one case on this rank; the coordinator returns what it found. `stack`: gradients of several losses in
// one pass wherever the schedule has them side by side.
inline app::Verification run_case(const config::Config& config, const data::DatasetInfo& info,
                                  bool stack = false, app::Reference reference = app::Reference::kSameOrder,
                                  data::DataSource (*open_data)(const data::DatasetInfo&) = &open,
                                  at::Device oracle_device = at::kCPU) {
  comm::ProgressEngine& engine = testing::engine();
  training::RunPlan plan = training::make_run_plan(config, info);
  plan.schedule = training::choose_schedule(plan).schedule;  // the same on every rank: a pure function
  for (schedule::StageProgram& program : plan.schedule) {
    if (stack) program = schedule::stack_neighbours(program);
  }
  if (engine.rank() == kCoordinator)
    return app::verify_as_coordinator(plan, open_data(info), engine, kSteps, reference, oracle_device);
  worker::Worker worker(plan, config.partition.placement().place_of(engine.rank()), engine,
                        worker::open_equipment(plan, engine), open_data(info));
  worker.run();
  return {};
}

inline int count_differing(const app::Verification& verification) {
  int differing = 0;
  for (const app::StageDifference& stage : verification.stages) differing += stage.bitwise ? 0 : 1;
  return differing;
}

// Runs the cases of a grid, all or a covering array of them (support/covering_array.h), and says which. A case that fails is
// named by its values.
template <class Run>
void run_cases(const test::Parameters& parameters, const test::Allowed& allowed, const Run& run) {
  at::set_num_threads(1);
  const std::vector<test::Values> cases = test::cases_to_run(parameters, allowed);
  if (testing::engine().rank() == kCoordinator) {
    fmt::print("{} cases of {}{}:\n", cases.size(), test::full_grid(parameters, allowed).size(),
               test::runs_full_grid() ? "" : ", each pair of values at least once");
    for (const test::Values& one : cases) fmt::print("  {}\n", test::to_text(parameters, one));
  }
  for (const test::Values& one : cases) {
    INFO(test::to_text(parameters, one));
    run(one);
  }
}

// Every stage to the last bit; the worst tensor is named where one differs.
inline void check_bitwise(const app::Verification& verification) {
  for (const app::StageDifference& stage : verification.stages) {
    INFO("worst: " << stage.worst << " " << stage.weights);
    CHECK(stage.bitwise);
    CHECK_FALSE(std::isnan(stage.weights));
  }
}

}  // namespace interlock
