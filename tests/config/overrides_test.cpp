// key.path=value on the command line.

#include "config_support.h"

namespace interlock::config {

TEST_CASE("an override wins over the file, and a later one over an earlier", "[config]") {
  const Config config = parse("training: {epochs: 2, seed: 5}", {"training.epochs=3", "training.epochs=4"});
  CHECK(config.training.epochs == 4);
  CHECK(config.training.seed == 5);
  CHECK(config.where("training.epochs").text() == "command line");
  CHECK(config.where("training.seed").text() == "configs/a.yaml:1:29");
}

TEST_CASE("an override makes the sections it needs", "[config]") {
  CHECK(parse("", {"training.epochs=3"}).training.epochs == 3);
  CHECK(parse("training:\n", {"training.epochs=3"}).training.epochs == 3);
  CHECK(parse("", {"optimizer.schedule.kind=cosine"}).optimizer.schedule.kind == LearningRateKind::kCosine);
}

TEST_CASE("an override can replace a list, a map, or one by the other", "[config]") {
  const Config config =
      parse(kExample, {"model.layers=[relu, {linear: {in: 2, out: 2}}]", "partition={layers: \"1,rest\"}",
                       "learning.heads=[gbpl]", "learning.mix=[1, 2]"});
  CHECK(config.model.layers.size() == 2);
  CHECK(config.model.layers[1].where.text() == "command line");
  CHECK(config.partition.stages == 2);
  CHECK(config.learning.heads.size() == 1);
  CHECK(config.learning.mix_weights == std::vector<double>{1, 2});
  CHECK(parse("", {"run.dir=a=b"}).run.dir == "a=b");
}

TEST_CASE("an empty override takes a key back to its default", "[config]") {
  const Config config = parse("optimizer: {momentum: 0.5, nesterov: true}",
                              {"optimizer.momentum=", "optimizer.nesterov=null", "optimizer.kind=adam"});
  CHECK(config.optimizer.momentum == 0);
  CHECK(config.optimizer.lr == 0.001);
  CHECK(config.origins.count("optimizer.momentum") == 0);
  CHECK(parse("training: {epochs: 4}", {"training="}).training.epochs == 1);
  CHECK(parse("training: {epochs: 4}", {"training=", "training.seed=2"}).training.epochs == 1);
}

TEST_CASE("a bad override is refused at the command line", "[config]") {
  const auto problem = [](const std::string& text) {
    return problem_of("optimizer: {schedule: cosine}", {text});
  };
  CHECK(problem("learning.horizn=2") ==
        "command line: learning.horizn: unknown key; did you mean 'horizon'?");
  CHECK_THAT(problem("learning.horizn="), Catch::StartsWith("command line: learning.horizn: unknown key"));
  CHECK_THAT(problem("learnin.horizon=2"),
             Catch::StartsWith("command line: learnin: unknown section; did you mean"));
  CHECK_THAT(problem("training.epochs=0"),
             Catch::StartsWith("command line: training.epochs: wants a whole number"));
  CHECK_THAT(problem("training.epochs=[1"),
             Catch::StartsWith("command line: training.epochs: not valid YAML: "));
  CHECK_THAT(problem("model.layers=[{linear: {in: [1]}}]"),
             Catch::StartsWith("command line: model.layers[0].linear.in: wants one number"));
  CHECK_THAT(problem("optimizer={lr: 1, lr: 2}"),
             Catch::StartsWith("command line: optimizer.lr: given twice"));
  for (const char* text : {"training.epochs", "=3", "training..epochs=3", ".epochs=3", "training.=3", ""}) {
    INFO(text);
    CHECK_THAT(problem(text), Catch::StartsWith("command line: ") && Catch::Contains("form key.path=value"));
  }
  std::string deep = "a";
  for (int i = 0; i < 50000; ++i) deep += ".a";
  CHECK_THAT(problem(deep + "=1"), Catch::Contains("form key.path=value"));
}

TEST_CASE("an override below something that is no map is refused with its place", "[config]") {
  CHECK(problem_of("optimizer: {schedule: cosine}", {"optimizer.schedule.minimum=0.01"}) ==
        "command line: optimizer.schedule.minimum: cannot be set because optimizer.schedule is 'cosine' "
        "(configs/a.yaml:1:23), not a map; give the whole of it as optimizer.schedule={...}");
  CHECK_THAT(problem_of("model: {layers: [relu]}", {"model.layers.0=gelu"}),
             Catch::Contains("model.layers is a list"));
}

TEST_CASE("a contradiction between file and command line names both places", "[config]") {
  CHECK_THAT(
      problem_of(kExample, {"partition.stages=2"}),
      Catch::StartsWith("command line: partition.stages: is 2, but partition.layers (configs/a.yaml:10:21)"));
  CHECK_THAT(problem_of(kExample, {"learning.horizon=4"}),
             Catch::StartsWith("command line: learning.horizon: is 4, but there are only 3 stages"));
}

}  // namespace interlock::config
