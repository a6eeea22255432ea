// Replicas change who computes what, not what is computed: weights, gradients and losses of every replica
// equal those of the oracle that takes its sums in the same order, to the last bit, and of one process that
// knows nothing of replicas, to rounding. One launch of 1 + workers ranks runs all placements of that many
// workers, each pair of placement, network, horizon and number of micro-batches; all cases under the label `nightly`.

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "app/equality_support.h"
#include "support/catch.h"

namespace interlock {
namespace {

// Ragged ends: batches of 12 in 1, 2 or 3 micro-batches, and a last batch of 9, whose last micro-batch may
// have fewer samples than replicas.
constexpr std::int64_t kReplicaBatch = 12;

config::Config replicated(const Model& model, const std::vector<int>& replicas, int horizon,
                          int micro_batches, const std::string& mix) {
  const int stages = static_cast<int>(replicas.size());
  config::Config config = make_config(model, stages, horizon, micro_batches, mix, "");
  config.training.batch_size = kReplicaBatch;
  config.partition.replicas = replicas;
  config.schedule.bucket_mib = 1e-3;  // several buckets even here
  return config;
}

void check_close(const app::Verification& verification, double limit) {
  for (const app::StageDifference& stage : verification.stages) {
    INFO("worst: " << stage.worst);
    CHECK(stage.loss < limit);
    CHECK(stage.weights < limit);
  }
}

bool has_batch_norm(const Model& model) {
  return std::string(model.name) == "resnet";
}

TEST_CASE(
    "replicas equal the oracle that adds in their order bitwise, uneven ones and ragged batches included") {
  const test::ReplicaGrid grid(testing::engine().size() - 1);
  run_cases(
      grid.parameters(), [&grid](const test::Values& values) { return grid.allowed(values); },
      [&grid](const test::Values& values) {
        const Model& model = test_models()[static_cast<std::size_t>(values[test::ReplicaGrid::kNetwork])];
        const std::vector<int>& replicas =
            grid.placed[static_cast<std::size_t>(values[test::ReplicaGrid::kPlacement])];
        check_bitwise(run_case(replicated(model, replicas, 1 + values[test::ReplicaGrid::kHorizon],
                                          1 + values[test::ReplicaGrid::kMicroBatches], "farthest"),
                               model.info));
      });
}

TEST_CASE("replicas equal one process on the same batches to 1e-6 where there is no batch norm") {
  at::set_num_threads(1);
  for (const std::vector<int>& replicas : test::placements(testing::engine().size() - 1)) {
    for (const Model& model : test_models()) {
      if (has_batch_norm(model)) continue;
      const config::Config config =
          replicated(model, replicas, static_cast<int>(std::min<std::size_t>(2, replicas.size())), 2, "sum");
      INFO(fmt::format("{} replicas={}", model.name, fmt::join(replicas, ",")));
      check_close(run_case(config, model.info, false, app::Reference::kOneProcess), 1e-6);
    }
  }
}

TEST_CASE("replicas with synchronised batch norm equal one process on the same batches to 1e-5") {
  at::set_num_threads(1);
  for (const std::vector<int>& replicas : test::placements(testing::engine().size() - 1)) {
    for (const Model& model : test_models()) {
      if (!has_batch_norm(model)) continue;
      config::Config config = replicated(
          model, replicas, static_cast<int>(std::min<std::size_t>(2, replicas.size())), 1, "farthest");
      config.partition.sync_batch_norm = true;
      INFO(fmt::format("{} replicas={}", model.name, fmt::join(replicas, ",")));
      check_close(run_case(config, model.info), 1e-5);
      config.training.recompute = true;
      check_close(run_case(config, model.info), 1e-5);
    }
  }
}

}  // namespace
}  // namespace interlock
