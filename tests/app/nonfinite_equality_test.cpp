// training.nonfinite: skip. One sample of the data is no number: the one step that has it is left out, on all
// stages alike, and everything else is what the oracle computes, to the last bit. One launch has K = ranks -
// 1 workers.

#include <limits>

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "app/equality_support.h"
#include "data/sampler.h"
#include "support/catch.h"

namespace interlock {
namespace {

// The third sample of the second batch of the first epoch.
class SpoiledDataset : public RandomDataset {
 public:
  explicit SpoiledDataset(const data::DatasetInfo& info)
      : RandomDataset(info), spoiled_(data::epoch_order(info.train_samples, true, 0, 0).at(kBatch + 2)) {}
  [[nodiscard]] data::Batch load(const std::vector<std::int64_t>& samples,
                                 std::int64_t epoch) const override {
    data::Batch batch = RandomDataset::load(samples, epoch);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      if (samples[i] == spoiled_)
        batch.inputs.select(0, static_cast<std::int64_t>(i)).fill_(std::numeric_limits<float>::infinity());
    }
    return batch;
  }

 private:
  std::int64_t spoiled_;
};

data::DataSource open_spoiled(const data::DatasetInfo& info) {
  return {info, std::make_unique<SpoiledDataset>(info), nullptr};
}

void check_one_left_out(const config::Config& config, const data::DatasetInfo& info) {
  const app::Verification verification =
      run_case(config, info, false, app::Reference::kSameOrder, &open_spoiled);
  CHECK(count_differing(verification) == 0);
  if (verification.stages.empty()) return;  // a worker
  CHECK(verification.left_out == 1);
}

config::Config skipping(const Model& model, int stages, int horizon, const std::string& optimizer) {
  config::Config config = make_config(model, stages, horizon, 3, "farthest", "");
  config.training.nonfinite = config::NonfiniteKind::kSkip;
  config.training.seed = 0;
  if (optimizer == "adam") config.optimizer.kind = config::OptimizerKind::kAdam;
  return config;
}

TEST_CASE("a step that is left out is so on all stages, and the others equal the oracle's bitwise") {
  at::set_num_threads(1);
  const int stages = testing::engine().size() - 1;
  for (const Model& model : test_models()) {
    if (model.info.integer_inputs) continue;  // have no NaN
    for (int horizon = 1; horizon <= stages; ++horizon) {
      for (const char* const optimizer : {"sgd", "adam"}) {
        INFO(fmt::format("{} K={} N={} {}", model.name, stages, horizon, optimizer));
        check_one_left_out(skipping(model, stages, horizon, optimizer), model.info);
      }
    }
  }
}

TEST_CASE("what one replica finds is left out by all, and batch norm keeps nothing of it") {
  at::set_num_threads(1);
  const int workers = testing::engine().size() - 1;
  const std::vector<std::vector<int>> placements = workers == 2 ? std::vector<std::vector<int>>{{2}}
                                                   : workers == 3
                                                       ? std::vector<std::vector<int>>{{2, 1}, {1, 2}}
                                                       : std::vector<std::vector<int>>{};
  for (const std::vector<int>& replicas : placements) {
    for (const Model& model : test_models()) {
      if (model.info.integer_inputs) continue;
      config::Config config = skipping(model, static_cast<int>(replicas.size()), 1, "sgd");
      config.partition.replicas = replicas;
      INFO(fmt::format("{} replicas={}", model.name, fmt::join(replicas, ",")));
      check_one_left_out(config, model.info);
    }
  }
}

TEST_CASE("nothing found changes nothing: all steps equal the oracle's, with the agreement of all stages") {
  at::set_num_threads(1);
  const int stages = testing::engine().size() - 1;
  for (const Model& model : test_models()) {
    const app::Verification verification = run_case(skipping(model, stages, stages, "sgd"), model.info);
    INFO(model.name);
    CHECK(count_differing(verification) == 0);
    CHECK(verification.left_out == 0);
  }
}

}  // namespace
}  // namespace interlock
