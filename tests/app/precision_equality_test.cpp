// Mixed precision, messages of fewer bits, loss scaling and a norm over all stages: ranks equal the oracle to
// the last bit in each, alone and with replicas. One launch has K = ranks - 1 stages, or fewer with replicas.

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "app/equality_support.h"
#include "support/catch.h"

namespace interlock {
namespace {

void check_bitwise(const config::Config& config, const Model& model) {
  const app::Verification verification = run_case(config, model.info);
  for (const app::StageDifference& stage : verification.stages) {
    INFO("worst: " << stage.worst << " " << stage.weights);
    CHECK(stage.bitwise);
    CHECK_FALSE(std::isnan(stage.weights));
  }
}

// Calls check(config, model) for each model and horizon, as many stages as workers, and once with replicas.
template <class Change>
void check_grid(const std::string& mix, const Change& change) {
  at::set_num_threads(1);
  const int workers = testing::engine().size() - 1;
  for (const Model& model : test_models()) {
    for (int horizon = 1; horizon <= workers; ++horizon) {
      config::Config config = make_config(model, workers, horizon, 3, mix, "");
      change(config);
      INFO(fmt::format("{} K={} N={}", model.name, workers, horizon));
      check_bitwise(config, model);
    }
    if (workers % 2 != 0) continue;
    config::Config config = make_config(model, workers / 2, 1, 2, mix, "");
    config.partition.replicas = {2};
    change(config);
    INFO(fmt::format("{} K={} R=2", model.name, workers / 2));
    check_bitwise(config, model);
  }
}

TEST_CASE("bfloat16 layers: ranks equal the oracle bitwise") {
  check_grid("farthest",
             [](config::Config& config) { config.training.precision = config::Precision::kBfloat16; });
}

TEST_CASE("bfloat16 messages: ranks equal the oracle bitwise") {
  check_grid("sum", [](config::Config& config) { config.schedule.wire_dtype = config::WireType::kBfloat16; });
}

TEST_CASE("bfloat16 layers and messages: ranks equal the oracle bitwise") {
  check_grid("farthest", [](config::Config& config) {
    config.training.precision = config::Precision::kBfloat16;
    config.schedule.wire_dtype = config::WireType::kBfloat16;
  });
}

// The first scale is far too large: steps are skipped until it fits, on all stages that share a loss.
TEST_CASE("float16 layers, overflows included: ranks equal the oracle bitwise") {
  for (const char* const mix : {"farthest", "sum"}) {
    check_grid(mix, [](config::Config& config) {
      config.training.precision = config::Precision::kFloat16;
      config.training.loss_scale = 1 << 20;
      config.training.loss_scale_window = 2;
    });
  }
}

TEST_CASE("one norm over all stages: ranks equal the oracle bitwise") {
  check_grid("farthest", [](config::Config& config) {
    config.training.clip_norm = 0.05;  // below every norm: each step is clipped
    config.training.clip_scope = config::ClipScope::kGlobal;
  });
}

TEST_CASE("one norm over all stages under float16: ranks equal the oracle bitwise") {
  check_grid("farthest", [](config::Config& config) {
    config.training.clip_norm = 0.05;
    config.training.clip_scope = config::ClipScope::kGlobal;
    config.training.precision = config::Precision::kFloat16;
    config.training.loss_scale = 1 << 18;
  });
}

}  // namespace
}  // namespace interlock
