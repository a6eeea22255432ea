#include "training/balance.h"

#include "common/error.h"
#include "common/random.h"
#include "support/small_runs.h"
#include "support/temp_folder.h"

namespace interlock::training {
namespace {

using schedule::GradientRule;
using schedule::StageCosts;

GradientRule make_rule(int stages, int horizon) {
  config::LearningConfig learning;
  learning.horizon = horizon;
  return {stages, learning};
}

// F, L, I, W, B, U, I stacked.
LayerProfile layer(double forward, double head = 0) {
  LayerProfile made;
  made.costs = {forward, head, forward, forward, 2 * forward, 0, forward};
  made.parameters = 1;
  return made;
}

Profile profile_of(std::vector<LayerProfile> layers) {
  Profile profile;
  profile.micro_batch_size = 1;
  profile.layers = std::move(layers);
  return profile;
}

double busiest(const Profile& profile, const GradientRule& rule, const std::vector<int>& cut) {
  double most = 0;
  int first = 0;
  for (int k = 0; k < rule.stages(); ++k) {
    const int count = cut[static_cast<std::size_t>(k)];
    most = std::max(most, micro_batch_seconds(rule, k, merge_layers(profile, first, count)));
    first += count;
  }
  return most;
}

TEST_CASE("equal layers are cut into equal stages") {
  const Profile profile = profile_of(std::vector<LayerProfile>(12, layer(1)));
  CHECK(balanced_cut(profile, make_rule(4, 4)) == std::vector<int>{3, 3, 3, 3});
}

TEST_CASE("a dear layer is left alone") {
  const Profile profile = profile_of({layer(1), layer(1), layer(1), layer(9), layer(1), layer(1)});
  CHECK(balanced_cut(profile, make_rule(3, 3)) == std::vector<int>{3, 1, 2});
}

TEST_CASE("heads and extra input gradients count as work") {
  // Local learning: stage 0 pays for its head, so it gets fewer layers than the last stage, which has none.
  std::vector<LayerProfile> layers(8, layer(1, 6));
  layers.back().costs.loss = 0;
  CHECK(balanced_cut(profile_of(layers), make_rule(2, 2)) == std::vector<int>{4, 4});
  CHECK(balanced_cut(profile_of(layers), make_rule(2, 1)) == std::vector<int>{3, 5});
  // Pairwise: stage 0 passes no gradient on, the others do.
  const std::vector<int> cut =
      balanced_cut(profile_of(std::vector<LayerProfile>(12, layer(1))), make_rule(3, 2));
  CHECK(cut[0] > cut[1]);
}

TEST_CASE("no cut has a busiest stage with less work") {
  SplitMix64 random(7);
  for (int trial = 0; trial < 40; ++trial) {
    std::vector<LayerProfile> layers;
    for (int i = 0; i < 8; ++i) {
      layers.push_back(layer(1 + static_cast<double>(random.next() % 90) / 10,
                             static_cast<double>(random.next() % 30) / 10));
    }
    const Profile profile = profile_of(layers);
    for (const int horizon : {1, 2, 3}) {
      const GradientRule rule = make_rule(3, horizon);
      const double found = busiest(profile, rule, balanced_cut(profile, rule));
      for (int a = 1; a < 7; ++a) {
        for (int b = 1; a + b < 8; ++b) CHECK(found <= busiest(profile, rule, {a, b, 8 - a - b}) + 1e-12);
      }
    }
  }
}

TEST_CASE("a stage with a head ends after a layer that the head fits; where there is none it is refused") {
  Profile profile = profile_of(std::vector<LayerProfile>(6, layer(1)));
  for (const std::size_t i : {2, 3, 4}) profile.layers[i].head_fits = false;
  CHECK(balanced_cut(profile, make_rule(2, 1))[0] == 2);
  CHECK(balanced_cut(profile, make_rule(2, 2))[0] == 3);  // end-to-end has no heads
  for (LayerProfile& one : profile.layers) one.head_fits = false;
  CHECK_THAT(test::message_of<UsageError>([&] { balanced_cut(profile, make_rule(2, 1)); }),
             Catch::Matchers::Contains("partition.balance"));
}

TEST_CASE("the chain of a merged stage's weight gradient ends at its lowest layer with weights") {
  Profile profile = profile_of({layer(1), layer(10), layer(100)});
  profile.layers[0].parameters = 0;
  const StageCosts merged = merge_layers(profile, 0, 3);
  CHECK(merged.forward == 111);
  CHECK(merged.input_gradient == 111);
  CHECK(merged.backward == 222);
  CHECK(merged.weight_gradient == 10 + 200);
}

}  // namespace
}  // namespace interlock::training
