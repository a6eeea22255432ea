// Combinations, their names, their configs, and what they are validated on.

#include "common/error.h"
#include "sweep_support.h"

namespace interlock::sweep {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using test::message_of;
using Names = std::vector<std::string>;

TEST_CASE("a grid makes all combinations, its last key varying fastest") {
  const SweepPlan plan =
      Sandbox("base: base.yaml\ngrid: {optimizer.lr: [0.1, 0.03], learning.horizon: [1, all]}\n").plan();
  CHECK(names_of(plan) ==
        Names{"lr=0.1,horizon=1", "lr=0.1,horizon=all", "lr=0.03,horizon=1", "lr=0.03,horizon=all"});
  CHECK(plan.columns == Names{"lr", "horizon"});
  CHECK(plan.runs[2].index == 2);
  CHECK(plan.runs[2].config.optimizer.lr == 0.03);
  CHECK(plan.runs[2].config.learning.horizon == 1);
  CHECK(plan.runs[1].config.learning.horizon == config::kHorizonAll);
}

TEST_CASE("a list is taken as it is, and crossed with the grid") {
  const std::string list = "base: base.yaml\nlist:\n  - {optimizer.lr: 0.1}\n  - {training.batch_size: 64}\n";
  CHECK(names_of(Sandbox(list).plan()) == Names{"lr=0.1", "batch_size=64"});
  const SweepPlan crossed = Sandbox(list + "grid: {training.seed: [1, 2]}\n").plan();
  CHECK(names_of(crossed) ==
        Names{"lr=0.1,seed=1", "lr=0.1,seed=2", "batch_size=64,seed=1", "batch_size=64,seed=2"});
  CHECK(crossed.columns == Names{"lr", "batch_size", "seed"});
  CHECK(crossed.runs[3].config.training.batch_size == 64);
  CHECK(crossed.runs[3].config.training.seed == 2);
}

TEST_CASE("names stay readable, distinct and safe as folders whatever the values are") {
  CHECK(names_of(
            Sandbox("base: base.yaml\nlist: [{model.kind: convnet, optimizer.kind: adam, optimizer.lr: 1}]\n")
                .plan()) == Names{"model.kind=convnet,optimizer.kind=adam,lr=1"});
  CHECK(names_of(Sandbox("base: base.yaml\ngrid: {partition.layers: [\"2,rest\", [3, rest]]}\n").plan()) ==
        Names{"layers=2-rest", "layers=3-rest"});
  CHECK(names_of(Sandbox("base: base.yaml\ngrid: {model.init: [a/b, \"a b\", ~]}\n").plan()) ==
        Names{"init=a-b", "init=a-b~2", "init=default"});
  const std::string channels = "[16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, ";
  const Names longest = names_of(
      Sandbox("base: base.yaml\ngrid:\n  model.channels: [" + channels + "32], " + channels + "64]]\n")
          .plan());
  CHECK(longest[0].size() < 60);
  CHECK(longest[1] == longest[0] + "~2");
}

TEST_CASE("values of every YAML form reach the config as they were written") {
  const SweepPlan plan = Sandbox(
                             "base: base.yaml\ngrid:\n"
                             "  learning.heads:\n    - [[relu, {linear: {in: 4, out: 10, bias: false}}]]\n"
                             "  optimizer.schedule: [{kind: multistep, milestones: [2, 3]}, cosine]\n"
                             "  run.device: [\"cpu\"]\n")
                             .plan();
  REQUIRE(plan.runs.size() == 2);
  CHECK(plan.runs[0].config.learning.heads[0][1].kind == "linear");
  CHECK_FALSE(plan.runs[0].config.learning.heads[0][1].bool_or("bias", true));
  CHECK(plan.runs[0].config.optimizer.schedule.milestones == std::vector<std::int64_t>{2, 3});
  CHECK(plan.runs[1].config.optimizer.schedule.kind == config::LearningRateKind::kCosine);
}

TEST_CASE("a run has a rank a stage and one more, or one process") {
  const std::string grid = "base: base.yaml\ngrid: {partition.stages: [1, 3]}\n";
  CHECK(Sandbox(grid).plan().runs[1].ranks == 4);
  CHECK(Sandbox(grid).plan({"mode=single_process"}).runs[1].ranks == 1);
}

TEST_CASE("each run has its own folder inside the sweep's") {
  const Sandbox box("base: base.yaml\ngrid: {optimizer.lr: [0.1, 0.03]}\n");
  const SweepPlan plan = box.plan();
  CHECK(plan.runs[1].config.run.dir == box.folder.path_of("sweep/lr=0.03"));
  CHECK(plan.runs[1].files.folder == plan.runs[1].config.run.dir);
  CHECK(plan.runs[1].files.config == box.folder.path_of("sweep/configs/lr=0.03.yaml"));
}

TEST_CASE("a bad value is refused before anything starts, at its place in the grid") {
  const auto refusal = [](const std::string& grid, const std::string& base = kBase) {
    const Sandbox box("base: base.yaml\n" + grid, base);
    return message_of<UsageError>([&] { static_cast<void>(box.plan()); });
  };
  CHECK_THAT(refusal("grid:\n  optimizer.lr: [0.1, -1]\n"),
             Contains("grid.yaml:3:23: optimizer.lr: wants a number") && Contains("(run lr=-1)"));
  CHECK_THAT(refusal("grid: {optimizer.lrr: [0.1]}\n"),
             Contains("grid.yaml:2:24: optimizer.lrr: unknown key; did you mean 'lr'?"));
  CHECK_THAT(refusal("grid: {lr: [0.1]}\n"),
             Contains("grid.yaml:2:13: lr: unknown section; did you mean 'optimizer.lr'?"));
  CHECK_THAT(refusal("grid: {learning.horizon: [1, 3]}\n"),
             Contains("learning.horizon: is 3, but there are only 2 stages"));
  CHECK_THAT(refusal("grid: {optimizer.lr: [0.1, 0.1]}\n"),
             Contains("makes the same run twice: lr=0.1 is there already"));
  CHECK_THAT(refusal("grid: {optimizer.lr: [1]}\n", "training: {eval_every_epochs: 0}\n"),
             Contains("eval_every_epochs: is 0, but a sweep compares evaluations"));
  CHECK_THAT(refusal("grid: {optimizer.lr: [1]}\nscore: accuracy\n",
                     "data: {kind: tensors, path: a}\ntraining: {loss: mean_squared_error}\n"),
             Contains("training.loss: has no accuracy"));
  CHECK_THAT(refusal("grid: {training.seed: [1]}\n",
                     "run: {device: simulated, simulated: {forward_ms: 1, head_ms: 1, input_gradient_ms: 1, "
                     "weight_gradient_ms: 1}}\n"),
             Contains("run.device: is simulated"));
}

TEST_CASE("too many combinations are refused") {
  std::string seeds = "[1";
  for (int i = 2; i <= 101; ++i) seeds += ", " + std::to_string(i);
  const Sandbox box("base: base.yaml\ngrid: {training.seed: " + seeds + "], training.batch_size: " + seeds +
                    "]}\n");
  CHECK_THAT(message_of<UsageError>([&] { static_cast<void>(box.plan()); }),
             Contains("more than 10000 combinations"));
}

// data.holdout and data.eval_path of the first run, and what the plan says of them.
struct Chosen {
  double holdout;
  std::string eval_path;
  std::string text;
};

Chosen chosen(const std::string& base, const std::string& grid = "",
              const std::string& swept = "optimizer.lr: [0.1]") {
  const SweepPlan plan = Sandbox("base: base.yaml\ngrid: {" + swept + "}\n" + grid, base).plan();
  return {plan.runs[0].config.data.holdout, plan.runs[0].config.data.eval_path, plan.validation};
}

TEST_CASE("runs are validated on held-out training samples unless the user named a validation set") {
  const std::string cifar = "data: {kind: cifar10, path: c}\n";
  CHECK(chosen(cifar).holdout == 0.1);
  CHECK(chosen(cifar).text == "10 % of the training samples, held out by the sweep");
  CHECK(chosen("data: {kind: cifar10, path: c, holdout: 0.2}\n").text ==
        "20 % of the training samples, held out");
  CHECK(chosen("data: {kind: shapes}\n").holdout == 0.1);
  CHECK(chosen(cifar, "holdout: 0.25\n").holdout == 0.25);
  CHECK(chosen("data: {kind: cifar10, path: c, holdout: 0.2}\n").holdout == 0.2);
  CHECK(chosen(cifar, "", "data.holdout: [0.3]").holdout == 0.3);
  CHECK(chosen("data: {kind: cifar10, path: c, holdout: 0.2}\n", "holdout: 0.3\n").holdout == 0.3);

  const std::string tensors = "data: {kind: tensors, path: a, eval_path: b}\n";
  CHECK(chosen(tensors).holdout == 0);
  CHECK(chosen(tensors).text == "data.eval_path: b");
  CHECK(chosen(tensors, "holdout: 0\n").eval_path == "b");
  CHECK(chosen(tensors, "holdout: 0.3\n").holdout == 0.3);
  CHECK(chosen(tensors, "holdout: 0.3\n").eval_path.empty());
  CHECK(chosen("data: {kind: tensors, path: a}\n").holdout == 0.1);
}

TEST_CASE("a sweep refuses to choose by the data set's own evaluation samples") {
  const auto refusal = [](const std::string& base) {
    return message_of<UsageError>([&] { chosen(base, "holdout: 0\n"); });
  };
  CHECK_THAT(refusal("data: {kind: cifar10, path: c}\n"),
             Contains("grid.yaml:3:10: holdout: is 0, which leaves only"));
  CHECK_THAT(refusal("data: {kind: tensors, path: c}\n"), Contains("never chooses by those"));
  // A swept holdout of 0 falls back to the default.
  CHECK(chosen("data: {kind: cifar10, path: c}\n", "", "data.holdout: [0.0]").holdout == 0.1);
}

}  // namespace
}  // namespace interlock::sweep
