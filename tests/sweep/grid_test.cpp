// What a grid file means and how a wrong one is refused.

#include "sweep/grid.h"

#include "common/error.h"
#include "sweep_support.h"

namespace interlock::sweep {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using test::message_of;

TEST_CASE("a grid has defaults for everything but base and what to try") {
  const Sandbox box("base: base.yaml\ngrid: {optimizer.lr: [0.1, 0.03]}\n");
  const Grid grid = box.grid();
  CHECK(grid.base == box.folder.path_of("base.yaml"));
  CHECK(grid.dir == "runs/grid");
  CHECK(grid.score == Score::kLoss);
  CHECK(grid.when == Moment::kLast);
  CHECK(grid.mode == Mode::kRanks);
  CHECK(grid.parallel == 0);
  CHECK_FALSE(grid.holdout.has_value());
  REQUIRE(grid.axes.size() == 1);
  CHECK(grid.axes[0].key == "optimizer.lr");
  CHECK(grid.axes[0].values.size() == 2);
}

TEST_CASE("every key of a grid is read, and base is relative to the file") {
  const Sandbox box(R"(base: sub/../base.yaml
list:
  - {optimizer.lr: 0.1}
  - {optimizer.lr: 0.2, training.seed: 4}
score: perplexity
when: best
mode: single_process
parallel: 3
holdout: 0.25
dir: elsewhere/g
)");
  const Grid grid = box.grid();
  CHECK(grid.base == box.folder.path_of("base.yaml"));
  REQUIRE(grid.list.size() == 2);
  CHECK(grid.list[1].size() == 2);
  CHECK(grid.score == Score::kPerplexity);
  CHECK(grid.when == Moment::kBest);
  CHECK(grid.mode == Mode::kSingleProcess);
  CHECK(grid.parallel == 3);
  CHECK(grid.holdout == 0.25);
  CHECK(grid.dir == "elsewhere/g");
  CHECK(Sandbox("base: base.yaml\nparallel: auto\nlist: [{optimizer.lr: 1}]\n").grid().parallel == 0);
}

TEST_CASE("on the command line, a key with a section is for the runs and any other for the grid") {
  const Sandbox box("base: base.yaml\ngrid: {optimizer.lr: [0.1]}\n");
  const Grid grid = box.grid({"training.epochs=3", "parallel=2", "dir=there", "model={kind: convnet}"});
  CHECK(grid.overrides == std::vector<std::string>{"training.epochs=3", "model={kind: convnet}"});
  CHECK(grid.parallel == 2);
  CHECK(grid.dir == "there");
}

TEST_CASE("a wrong grid is refused at its place") {
  const auto refusal = [](const std::string& yaml, const std::vector<std::string>& overrides = {}) {
    const Sandbox box(yaml);
    const std::string message = message_of<UsageError>([&] { static_cast<void>(box.grid(overrides)); });
    const std::string start = box.folder.path() + "/";
    return message.compare(0, start.size(), start) == 0 ? message.substr(start.size()) : message;
  };
  const std::string good = "base: base.yaml\ngrid: {optimizer.lr: [0.1]}\n";
  CHECK(refusal(good + "scor: loss\n") ==
        "grid.yaml:3:1: scor: unknown key of a grid; did you mean 'score'?");
  CHECK_THAT(refusal(good + "score: los\n"), StartsWith("grid.yaml:3:8: score: ") && Contains("'loss'"));
  CHECK_THAT(refusal(good + "parallel: 0\n"), StartsWith("grid.yaml:3:11: parallel: wants a whole number"));
  CHECK_THAT(refusal(good + "parallel: some\n"), Contains("wants a whole number or auto, got 'some'"));
  CHECK_THAT(refusal(good + "holdout: 1\n"), Contains("holdout: wants a number at least 0 and below 1"));
  CHECK_THAT(refusal("grid: {optimizer.lr: [0.1]}\n"), Contains("base: missing"));
  CHECK_THAT(refusal("base: nowhere.yaml\ngrid: {optimizer.lr: [0.1]}\n"),
             StartsWith("grid.yaml:1:7: base: there is no config ") && Contains("nowhere.yaml"));
  CHECK_THAT(refusal("base: base.yaml\n"), Contains("wants grid or list"));
  CHECK_THAT(refusal("base: base.yaml\ngrid: {optimizer.lr: 0.1}\n"),
             Contains("wants a list of values, got '0.1'"));
  CHECK_THAT(refusal("base: base.yaml\ngrid: {optimizer.lr: []}\n"),
             Contains("grid.optimizer.lr: has no values"));
  CHECK_THAT(refusal("base: base.yaml\ngrid: {optimizer: {lr: [1]}}\n"),
             Contains("keys are written in full"));
  CHECK_THAT(refusal("base: base.yaml\nlist: [3]\n"), Contains("list[0]: wants a map of config keys"));
  CHECK_THAT(refusal("base: base.yaml\ngrid: {run.dir: [a]}\n"),
             Contains("run.dir: the sweep gives each run its folder"));
  CHECK_THAT(refusal(good, {"run.dir=a"}), Contains("command line: run.dir: the sweep gives"));
  CHECK_THAT(refusal(good, {"optimizer.lr=3"}),
             Contains("command line: optimizer.lr: is swept (") && Contains("grid.yaml:2:8"));
  CHECK_THAT(refusal(good + "list: [{optimizer.lr: 1}]\n"),
             StartsWith("grid.yaml:3:23: optimizer.lr: also in grid"));
  CHECK_THAT(refusal("[1, 2]\n"), Contains("wants a map with base"));
  CHECK_THAT(message_of<UsageError>([] { read_grid("no/such.yaml", {}); }),
             StartsWith("no/such.yaml: cannot read this grid: No such file"));
}

}  // namespace
}  // namespace interlock::sweep
