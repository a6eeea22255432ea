#include "training/profile.h"

#include "common/error.h"
#include "common/files.h"
#include "support/small_runs.h"
#include "support/temp_folder.h"

namespace interlock::training {
namespace {

using Catch::Matchers::Contains;

const std::string kYaml = std::string(test::kMlp) + test::kFourStages + "training: {batch_size: 8}\n";

Profile sample_profile() {
  Profile profile;
  profile.micro_batch_size = 8;
  profile.cut = {2, 3, 1, 1};
  for (int k = 0; k < 4; ++k) {
    const double base = 0.001 * (k + 1);
    profile.stages.push_back({base, 2 * base, 3 * base, 4 * base, 5 * base, 6 * base, 2.5 * base});
  }
  for (int i = 0; i < 7; ++i) {
    LayerProfile layer;
    layer.costs = {0.25, 0.5, 0.125, 0.0625, 1, 0, 0.125};
    layer.head_fits = i != 3;
    layer.parameters = i % 2;
    profile.layers.push_back(layer);
  }
  return profile;
}

TEST_CASE("a profile reads back as it was written") {
  const test::TempFolder folder;
  const Profile written = sample_profile();
  write_profile(folder.path_of("p.json"), written);
  const Profile read = read_profile(folder.path_of("p.json"));
  CHECK(read.micro_batch_size == 8);
  CHECK(read.cut == written.cut);
  REQUIRE(read.stages.size() == 4);
  CHECK(read.stages[2].weight_gradient == Approx(0.012).epsilon(1e-12));
  CHECK(read.stages[3].stacked_input_gradient == Approx(0.01).epsilon(1e-12));
  REQUIRE(read.layers.size() == 7);
  CHECK_FALSE(read.layers[3].head_fits);
  CHECK(read.layers[5].parameters == 1);
}

TEST_CASE("a profile knows what it was measured on, and is refused for anything else") {
  const test::TempFolder folder;
  const training::RunPlan plan = test::make_plan(kYaml);
  Profile profile = sample_profile();
  profile.network = profiled_network(plan);
  write_profile(folder.path_of("p.json"), profile);
  profile = read_profile(folder.path_of("p.json"));
  CHECK(profile.network.layers == profiled_network(plan).layers);
  CHECK_NOTHROW(stage_costs(profile, plan));
  CHECK_NOTHROW(stage_costs(profile, test::make_plan(kYaml + "schedule: {micro_batches: 2}\n")));

  const auto refused = [&](const Profile& other) {
    return test::message_of<UsageError>([&] { stage_costs(other, plan); });
  };
  Profile other = profile;
  other.network.layers[2] = "linear: {out: 17}";
  CHECK_THAT(refused(other),
             Contains("layer 2: linear: {out: 17}, this run has " + profile.network.layers[2]) &&
                 Contains("interlock profile"));
  other = profile;
  other.network.input = "[3, 64, 64]";
  CHECK_THAT(refused(other), Contains("samples of shape [3, 64, 64]"));
  other = profile;
  other.network.precision = "bfloat16";
  CHECK_THAT(refused(other), Contains("training.precision bfloat16, this run has float32"));
}

TEST_CASE("costs of other heads are refused where heads are used") {
  const training::RunPlan local = test::make_plan(kYaml + "learning: {horizon: 1, head: fc8_fc}\n");
  Profile profile = sample_profile();
  profile.network = profiled_network(local);
  CHECK_NOTHROW(stage_costs(profile, local));
  CHECK_THAT(test::message_of<UsageError>([&] {
               stage_costs(profile, test::make_plan(kYaml + "learning: {horizon: 1, head: linear}\n"));
             }),
             Contains("learning.head fc8_fc, this run has linear"));
  CHECK_NOTHROW(stage_costs(profile, test::make_plan(kYaml + "learning: {horizon: all, head: linear}\n")));
}

TEST_CASE("a profile that is missing, damaged or negative is refused with the file's name") {
  const test::TempFolder folder;
  const std::string path = folder.path_of("p.json");
  CHECK_THAT(test::message_of<UsageError>([&] { read_profile(path); }),
             Contains("p.json") && Contains("interlock profile"));
  write_file_atomically(path, "{\"micro_batch_size\": 8}");
  CHECK_THAT(test::message_of<DataError>([&] { read_profile(path); }), Contains("p.json"));
  Profile negative = sample_profile();
  negative.stages[1].forward = -1;
  write_profile(path, negative);
  CHECK_THAT(test::message_of<DataError>([&] { read_profile(path); }),
             Contains("stage 1") && Contains("forward_ms"));
}

TEST_CASE("the measured cut is taken as measured, another is put together from layers") {
  const Profile profile = sample_profile();
  CHECK(stage_costs(profile, test::make_plan(kYaml))[2].forward == Approx(0.003));
  const training::RunPlan other =
      test::make_plan(std::string(test::kMlp) + "partition: {layers: [3, 4]}\ntraining: {batch_size: 8}\n");
  CHECK(stage_costs(profile, other)[0].forward == Approx(3 * 0.25));
  CHECK(stage_costs(profile, other)[1].forward == Approx(4 * 0.25));
}

TEST_CASE("costs scale with the micro-batch; the update does not") {
  const Profile profile = sample_profile();
  const auto half = stage_costs(profile, test::make_plan(kYaml + "schedule: {micro_batches: 2}\n"));
  CHECK(half[0].forward == Approx(0.0005));
  CHECK(half[0].update == Approx(0.006));
}

TEST_CASE("a profile of another network is refused") {
  Profile profile = sample_profile();
  profile.layers.pop_back();
  CHECK_THAT(test::message_of<UsageError>([&] { stage_costs(profile, test::make_plan(kYaml)); }),
             Contains("6 layers") && Contains("7"));
}

}  // namespace
}  // namespace interlock::training
