#include <limits>

#include "support/catch.h"
#include "support/temp_folder.h"
#include "tools/top/characters.h"
#include "tools/top/frame.h"

namespace interlock::tools {
namespace {

using Catch::Matchers::Contains;

std::string text_of(const std::vector<Line>& lines) {
  std::string text;
  for (const Line& line : lines) text += line.text + "\n";
  return text;
}

LiveRun training_run(int stages) {
  LiveRun run;
  run.state = "training";
  run.time = 1000;
  run.started = 900;
  run.step = 25;
  run.steps = 100;
  run.epoch = 2;
  run.epochs = 8;
  run.seconds_left = 65;
  run.stages = stages;
  run.horizon = 2;
  run.accuracy = 0.5;
  run.lr = 0.1;
  run.samples_per_second = 1234;
  run.ranks.emplace_back();
  for (int stage = 0; stage < stages; ++stage) {
    run.loss.push_back(stage == 0 ? kUnknown : 2.5 - stage);
    run.busy_fraction.push_back(0.9);
    run.memory_mebibytes.push_back(100);
    LiveProcess worker;
    worker.rank = stage + 1;
    worker.stage = stage;
    worker.host = "node7";
    worker.phase = "training";
    worker.step = 25;
    worker.action = "forward pass";
    worker.micro_batch = 3;
    run.ranks.push_back(worker);
  }
  return run;
}

Surroundings around_it() {
  Surroundings around;
  around.run_folder = "runs/mlp";
  around.now = 1001;
  around.losses = {3, 2, 1.5};
  return around;
}

TEST_CASE("a frame shows progress, every stage and what it does") {
  LiveRun run = training_run(2);
  run.ranks[2].waiting_for = "the activation of micro-batch 3 from rank 1 (stage 0)";
  run.ranks[2].seconds = 0.25;
  run.checkpoint_step = 20;
  run.checkpoint_time = 990;
  const std::string text = text_of(frame(run, around_it()));
  CHECK_THAT(text, Contains("runs/mlp  training  2 stages, horizon 2") && Contains("step 25/100") &&
                       Contains("25.0 %  1m05s left, 1m41s so far") && Contains("accuracy 50.0 %") &&
                       Contains("checkpoint   step 20, 11s ago"));
  CHECK_THAT(
      text, Contains("    0         -  #########.  90 %  100.0 MiB  step 25, forward pass of micro-batch 3"));
  CHECK_THAT(text, Contains("    1    1.5000") &&
                       Contains("waits 0.25 s for the activation of micro-batch 3 from rank 1"));
}

TEST_CASE("silence, long waits and an old file are warnings; a short wait is none") {
  LiveRun run = training_run(2);
  run.ranks[1].waiting_for = "the gradient of micro-batch 1 from rank 2 (stage 1)";
  run.ranks[1].seconds = 2;
  Surroundings around = around_it();
  const auto warnings = [&] {
    std::string text;
    for (const Line& line : frame(run, around))
      if (line.kind == LineKind::kWarning) text += line.text + "\n";
    return text;
  };
  CHECK(warnings().empty());
  run.ranks[1].seconds = 20;
  CHECK_THAT(warnings(), Contains("rank 1 (stage 0) has waited 20s for the gradient of micro-batch 1"));
  around.step_seconds = 60;  // steps are this long: nothing unusual
  CHECK(warnings().empty());
  run.ranks[2].silent_seconds = 12;
  CHECK_THAT(warnings(), Contains("rank 2 (stage 1) on node7, process 0, has given no sign of life for 12s"));
  around.now = 1100;
  CHECK_THAT(warnings(), Contains("live.json is 1m40s old"));
  around.gone = true;
  CHECK_THAT(warnings(), Contains("died without a word 1m40s ago") && !Contains("sign of life"));
}

TEST_CASE("a run that has failed says what befell it, in lines that fit") {
  LiveRun run = training_run(2);
  run.state = "failed";
  run.message =
      "interlock: error: rank 2 (stage 1) on node7, process 12, was killed by SIGKILL; all ranks: "
      "runs/mlp/failure.json";
  Surroundings around = around_it();
  around.columns = 60;
  const std::vector<Line> lines = frame(run, around);
  for (const Line& line : lines) CHECK(clipped(line.text, 60) == line.text);
  CHECK_THAT(text_of(lines),
             Contains("failed") && Contains("killed by SIGKILL") && Contains("runs/mlp/failure.json"));
}

TEST_CASE("more stages than rows are counted") {
  Surroundings around = around_it();
  around.rows = 20;
  const std::vector<Line> lines = frame(training_run(64), around);
  CHECK(lines.size() <= 20);
  CHECK_THAT(text_of(lines), Contains("and 53 more"));
}

TEST_CASE("replicas have a row each, under the name of their stage") {
  LiveRun run = training_run(1);
  LiveProcess second = run.ranks[1];
  second.rank = 2;
  second.replica = 1;
  run.ranks.push_back(second);
  CHECK_THAT(text_of(frame(run, around_it())), Contains("\n  0.0 ") && Contains("\n  0.1 "));
}

TEST_CASE("blocks go from the lowest to the highest value") {
  CHECK(blocks({0, 1, 2, 7}, 4) == "▁▂▃█");
  CHECK(blocks({5, 5}, 4) == "▁▁");
  CHECK(blocks({9, 0, std::numeric_limits<double>::quiet_NaN(), 7}, 3) == "▁ █");
  CHECK(blocks({}, 3).empty());
}

TEST_CASE("a long history is shown as means of neighbours") {
  const double none = std::numeric_limits<double>::quiet_NaN();
  CHECK(means({9, 1, 3, 5, 7}, 3) == std::vector<double>{9, 2, 6});
  CHECK(means({1, none, 3}, 2) == std::vector<double>{1, 3});
  CHECK(means({1, 2}, 5) == std::vector<double>{1, 2});
  CHECK(means({}, 5).empty());
}

TEST_CASE("clipping counts characters, not bytes") {
  CHECK(clipped("▁▂▃", 2) == "▁▂");
  CHECK(clipped("abc", 3) == "abc");
}

TEST_CASE("live.json of a newer or older program is read as far as it goes; half a file is none") {
  const test::TempFolder folder;
  CHECK_FALSE(read_live(folder.path()));
  folder.write("live.json", R"({"state": "training", "ste)");
  CHECK_FALSE(read_live(folder.path()));
  folder.write(
      "live.json",
      R"({"state": "done", "accuracy": null, "loss": [null, 1.5], "new": {}, "ranks": [{"rank": 3}]})");
  const std::optional<LiveRun> run = read_live(folder.path());
  REQUIRE(run);
  CHECK(run->is_over());
  CHECK(run->loss[1] == 1.5);
  CHECK(run->ranks.at(0).rank == 3);
}

}  // namespace
}  // namespace interlock::tools
