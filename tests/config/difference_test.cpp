#include "config/difference.h"

#include "config_support.h"
#include "support/catch.h"

namespace interlock::config {
namespace {

TEST_CASE("a config does not differ from itself", "[config]") {
  const Config config = parse("partition: {layers: [1, rest]}\nlearning: {horizon: 2}\n");
  CHECK(differences(config, config).empty());
  CHECK(differences_of_experiment(config, config).empty());
}

TEST_CASE("differences name the key and both values", "[config]") {
  const Config left = parse("partition: {stages: 3}\nlearning: {horizon: 2}\n");
  const Config right = parse("partition: {stages: 3}\nlearning: {horizon: 3}\ntraining: {epochs: 7}\n");
  const std::vector<Difference> all = differences(left, right);
  REQUIRE(all.size() == 2);
  CHECK(all[0].key == "learning.horizon");
  CHECK(all[1].key == "training.epochs");
  const std::vector<Difference> experiment = differences_of_experiment(left, right);
  REQUIRE(experiment.size() == 1);
  CHECK(in_words(experiment) == "learning.horizon is 3, was 2");
}

TEST_CASE("a run that is longer, cut or scheduled in another way is the same experiment", "[config]") {
  const Config left = parse("partition: {stages: 3}\nlearning: {horizon: 2}\n");
  for (const char* same : {"training: {epochs: 9}\npartition: {stages: 3}", "partition: {stages: 4}",
                           "partition: {stages: 3}\nschedule: {micro_batches: 4}",
                           "partition: {stages: 3}\nrun: {keep_checkpoints: 9, watchdog_seconds: 3}",
                           "partition: {stages: 3}\ntraining: {nonfinite: skip}"}) {
    CHECK(differences_of_experiment(left, parse(std::string("learning: {horizon: 2}\n") + same)).empty());
  }
  for (const char* other : {"training: {seed: 9}", "optimizer: {lr: 3}", "training: {batch_size: 9}"}) {
    CHECK(differences_of_experiment(
              left, parse(std::string("partition: {stages: 3}\nlearning: {horizon: 2}\n") + other))
              .size() == 1);
  }
}

}  // namespace
}  // namespace interlock::config
