// Mixed precision, messages of fewer bits, loss scaling and a norm over all stages: ranks equal the oracle to
// the last bit in each, alone and with replicas. One launch has K = ranks - 1 stages, or fewer with replicas.

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "app/equality_support.h"
#include "support/catch.h"

namespace interlock {
namespace {

using test::PrecisionGrid;
using test::Values;

void change(config::Config& config, int what) {
  const auto one_norm = [&config] {
    config.training.clip_norm = 0.05;  // below every norm: each step is clipped
    config.training.clip_scope = config::ClipScope::kGlobal;
  };
  // The first scale is far too large: steps are skipped until it fits, on all stages that share a loss.
  const auto overflowing = [&config](int scale) {
    config.training.precision = config::Precision::kFloat16;
    config.training.loss_scale = scale;
  };
  switch (what) {
    case 0:
      config.training.precision = config::Precision::kBfloat16;
      return;
    case 1:
      config.schedule.wire_dtype = config::WireType::kBfloat16;
      return;
    case 2:
      config.training.precision = config::Precision::kBfloat16;
      config.schedule.wire_dtype = config::WireType::kBfloat16;
      return;
    case 3:
      overflowing(1 << 20);
      config.training.loss_scale_window = 2;
      return;
    case 4:
      one_norm();
      return;
    default:
      one_norm();
      overflowing(1 << 18);
  }
}

TEST_CASE(
    "fewer bits, loss scales that overflow and one norm over all stages: ranks equal the oracle bitwise") {
  const int workers = testing::engine().size() - 1;
  run_cases(PrecisionGrid::parameters(workers), PrecisionGrid::allowed, [workers](const Values& values) {
    const Model& model = test_models()[static_cast<std::size_t>(values[PrecisionGrid::kNetwork])];
    const std::string mix = values[PrecisionGrid::kMix] == 0 ? "farthest" : "sum";
    const bool replicas = values[PrecisionGrid::kHorizon] == workers;
    config::Config config =
        replicas ? make_config(model, workers / 2, 1, 2, mix, "")
                 : make_config(model, workers, 1 + values[PrecisionGrid::kHorizon], 3, mix, "");
    if (replicas) config.partition.replicas = {2};
    change(config, values[PrecisionGrid::kWhat]);
    check_bitwise(run_case(config, model.info));
  });
}

}  // namespace
}  // namespace interlock
