#include "worker/profiler.h"

#include "support/small_runs.h"

namespace interlock::worker {
namespace {

TEST_CASE("every action of every stage and layer is timed, whatever the horizon of the run") {
  for (const char* const horizon : {"1", "2", "all"}) {
    const training::RunPlan plan = test::make_plan(std::string(test::kMlp) + test::kFourStages +
                                                   "learning: {horizon: " + horizon + "}\n");
    ProfileOptions options;
    options.repeats = 2;
    const training::Profile profile =
        measure_profile(plan, options, *device::open_device(device::Wanted::kCpu, 0, 1));
    CHECK(profile.cut == std::vector<int>{2, 3, 1, 1});
    REQUIRE(profile.stages.size() == 4);
    for (std::size_t k = 0; k < 4; ++k) {
      const schedule::StageCosts& costs = profile.stages[k];
      CHECK(costs.forward > 0);
      CHECK(costs.loss > 0);
      CHECK((costs.input_gradient > 0) == (k > 0));
      CHECK(costs.weight_gradient > 0);
      CHECK(costs.backward > 0);
      CHECK(costs.update > 0);
    }
    CHECK(profile.layers.size() == 7);
  }
}

TEST_CASE("measuring leaves the plan's own weights alone, and says where no head fits") {
  const data::DatasetInfo images{{3, 8, 8}, {}, 4, false, 20, 0};
  const training::RunPlan plan = test::make_plan(
      "model: {kind: convnet, channels: [4, 4]}\nlearning: {head: conv4_gbpl_fc, horizon: 1}\n"
      "partition: {layers: \"2,rest\"}\n",
      images);
  ProfileOptions options;
  options.repeats = 1;
  options.stages = false;
  const training::Profile profile =
      measure_profile(plan, options, *device::open_device(device::Wanted::kCpu, 0, 1));
  CHECK(profile.stages.empty());
  REQUIRE(profile.layers.size() == plan.blueprint.network.layers.size());
  CHECK(profile.layers.front().head_fits);
  // After flattening there is no image left for a convolution.
  const std::size_t before_last = profile.layers.size() - 2;
  CHECK_FALSE(profile.layers[before_last].head_fits);
}

}  // namespace
}  // namespace interlock::worker
