// What a run's files say, and the order of a table.

#include "sweep/outcome.h"

#include <cmath>
#include <unistd.h>

#include "common/file_lock.h"
#include "sweep/folder.h"
#include "sweep/results.h"
#include "sweep/table.h"
#include "sweep_support.h"

namespace interlock::sweep {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using test::content_of;
using test::message_of;

const char* const kStart = R"({"kind": "run", "event": "start", "steps": 0, "seconds": 0.0})";

std::string step(int number) {
  return R"({"kind": "step", "step": )" + std::to_string(number) + R"(, "step_seconds": 0.5})";
}
std::string eval(int step, const std::string& loss, const std::string& accuracy = "0.5") {
  return R"({"kind": "eval", "step": )" + std::to_string(step) + R"(, "epoch": 1, "loss": [9.0, )" + loss +
         R"(], "accuracy": [0.1, )" + accuracy + "]}";
}
std::string end(int steps) {
  return R"({"kind": "run", "event": "end", "steps": )" + std::to_string(steps) + R"(, "seconds": 7.5})";
}

using Lines = std::vector<std::string>;

std::string text(const Lines& lines) {
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  return all;
}

RunMetrics metrics(const Lines& lines) {
  const test::TempFolder folder;
  folder.write("metrics.jsonl", text(lines));
  return read_metrics(folder.path());
}

TEST_CASE("a run's evaluations, steps and seconds come from its metrics") {
  const RunMetrics done = metrics({kStart, step(1), eval(1, "2.0"), step(2), eval(2, "1.5", "0.75"), end(2)});
  CHECK(done.ended);
  CHECK(done.steps == 2);
  CHECK(done.seconds == 7.5);
  REQUIRE(done.evaluations.size() == 2);
  CHECK(done.evaluations[1].loss == 1.5);
  CHECK(done.evaluations[1].accuracy == 0.75);
  CHECK_FALSE(lacks_final_evaluation(done));
  CHECK_FALSE(metrics({}).started);
}

TEST_CASE("attempts add up, and what was done twice counts once") {
  const RunMetrics done = metrics(
      {kStart, step(1), eval(1, "2.0"), step(2), "{\"kind\": \"st", kStart, step(2), eval(2, "1.0"), end(2)});
  CHECK(done.seconds == 1.0 + 7.5);
  CHECK(done.evaluations.size() == 2);
  CHECK(metrics({kStart, step(1), step(2)}).seconds == 1.0);
  CHECK_FALSE(metrics({kStart, step(1)}).ended);
}

TEST_CASE("an evaluation that somebody made after training does not count") {
  const RunMetrics done = metrics({kStart, step(1), eval(1, "2.0"), end(1), kStart, eval(1, "0.1")});
  REQUIRE(done.evaluations.size() == 1);
  CHECK(done.evaluations[0].loss == 2.0);
  CHECK(done.ended);
}

TEST_CASE("a run that was stopped before its last evaluation takes it from the evaluation made since") {
  const test::TempFolder folder;
  folder.write("metrics.jsonl", text({kStart, step(1), eval(1, "2.0"), step(2), kStart, end(2)}));
  CHECK(lacks_final_evaluation(read_metrics(folder.path())));
  folder.write("evaluation/metrics.jsonl", text({kStart, eval(2, "1.25")}));
  CHECK_FALSE(lacks_final_evaluation(read_metrics(folder.path())));
  CHECK(read_metrics(folder.path()).evaluations.back().loss == 1.25);
}

TEST_CASE("the last or the best evaluation counts, by any score") {
  const RunMetrics done = metrics({kStart, step(1), eval(1, "1.0", "0.6"), step(2), eval(2, "0.5", "0.9"),
                                   step(3), eval(3, "null", "0.7"), step(4), eval(4, "0.8", "0.8"), end(4)});
  CHECK(choose_evaluation(done, Score::kLoss, Moment::kLast)->step == 4);
  CHECK(choose_evaluation(done, Score::kLoss, Moment::kBest)->step == 2);
  CHECK(choose_evaluation(done, Score::kAccuracy, Moment::kBest)->step == 2);
  CHECK(score_of(*choose_evaluation(done, Score::kPerplexity, Moment::kLast), Score::kPerplexity) ==
        Approx(std::exp(0.8)));
  CHECK_FALSE(choose_evaluation(metrics({kStart}), Score::kLoss, Moment::kBest).has_value());
}

struct Five : Sandbox {
  SweepPlan plan_of;
  explicit Five(const std::string& more = "")
      : Sandbox("base: base.yaml\ngrid: {optimizer.lr: [1, 2, 3, 4, 5]}\n" + more), plan_of(plan()) {
    std::filesystem::create_directories(folder.path_of("sweep/failures"));
  }
  void write(int run, const Lines& lines) const {
    folder.write("sweep/lr=" + std::to_string(run) + "/metrics.jsonl", text(lines));
  }
};

TEST_CASE("runs are ranked by score, and those without one come last") {
  Five box;
  box.write(1, {kStart, step(1)});                           // stopped
  box.write(2, {kStart, step(1), eval(1, "null"), end(1)});  // diverged
  box.write(3, {kStart, step(1), eval(1, "0.7", "0.2"), end(1)});
  box.write(4, {kStart, step(1), eval(1, "0.3", "0.1"), end(1)});
  record_failure(box.plan_of.runs[4], 3, "interlock: error: no data | here");
  const std::vector<Outcome> ranked = ranked_outcomes(box.plan_of);
  std::vector<std::string> order;
  for (const Outcome& outcome : ranked) order.push_back(outcome.run->name + " " + name_of(outcome.state));
  CHECK(order == Lines{"lr=4 done", "lr=3 done", "lr=2 done", "lr=1 unfinished", "lr=5 failed"});
  CHECK(best_of(ranked)->run->name == "lr=4");

  CHECK(as_text(make_table(box.plan_of, ranked)) ==
        "rank  lr   score    loss  accuracy  seconds  state\n"
        "   1   4  0.3000  0.3000    0.1000      7.5  done\n"
        "   2   3  0.7000  0.7000    0.2000      7.5  done\n"
        "       2                    0.5000      7.5  diverged\n"
        "       1                                0.5  unfinished\n"
        "       5                                     failed (3)\n");
  CHECK_THAT(as_csv(make_table(box.plan_of, ranked)),
             StartsWith("rank,lr,score,loss,accuracy,seconds,state\n1,4,0.3000,"));
  CHECK_THAT(as_markdown(make_table(box.plan_of, ranked)),
             StartsWith("| rank | lr | score | loss | accuracy | seconds | state |\n|---|") &&
                 Contains("| 1 | 4 | 0.3000 |"));
  CHECK_THAT(as_json(box.plan_of, ranked), Contains("\"best\": \"lr=4\"") &&
                                               Contains("\"optimizer.lr\": 4") &&
                                               Contains("\"error\": \"interlock: error: no data | here\""));

  forget_failure(box.plan_of.runs[4]);
  CHECK(find_outcome(box.plan_of, box.plan_of.runs[4]).state == State::kNotRun);
}

TEST_CASE("by accuracy the highest is the best") {
  Five box("score: accuracy\n");
  box.write(3, {kStart, step(1), eval(1, "0.7", "0.2"), end(1)});
  box.write(4, {kStart, step(1), eval(1, "0.3", "0.1"), end(1)});
  CHECK(best_of(ranked_outcomes(box.plan_of))->run->name == "lr=3");
}

TEST_CASE("a run counts as running while a process holds its log") {
  const Five box;
  prepare_folder(box.plan_of, {&box.plan_of.runs[0]});
  const SweepRun& run = box.plan_of.runs[0];
  const int log = open_locked(run.files.log);
  REQUIRE(log >= 0);
  CHECK(open_locked(run.files.log) == -1);
  CHECK(find_outcome(box.plan_of, run).state == State::kRunning);
  ::close(log);
  CHECK(find_outcome(box.plan_of, run).state == State::kNotRun);
}

TEST_CASE("the best run's config is written for training on everything") {
  Five box;
  CHECK(box.plan_of.runs[0].config.data.holdout == 0.1);
  box.write(3, {kStart, step(1), eval(1, "0.7"), end(1)});
  write_results(box.plan_of, ranked_outcomes(box.plan_of));
  const std::string best = box.folder.path_of("sweep/best.yaml");
  CHECK_THAT(content_of(best), StartsWith("# The best run of " + box.folder.path_of("grid.yaml") +
                                          ": lr=3 (1 of 5 runs are done).") &&
                                   Contains("lr=3") && Contains("Nothing is held out"));
  const config::Config config = config::load_config(best, {});
  CHECK(config.optimizer.lr == 3);
  CHECK(config.data.holdout == 0);
  CHECK(config.run.dir == box.folder.path_of("sweep/best"));
  for (const char* name : {"results.json", "results.csv", "results.md"})
    CHECK_FALSE(content_of(box.folder.path_of(std::string("sweep/") + name)).empty());

  box.write(3, {kStart, step(1)});
  write_results(box.plan_of, ranked_outcomes(box.plan_of));
  CHECK_FALSE(std::filesystem::exists(best));
}

TEST_CASE("the config for training on everything drops a holdout of the base and keeps its eval_path") {
  const auto best = [](const std::string& base, const std::string& more) {
    const Sandbox box("base: base.yaml\ngrid: {optimizer.lr: [1]}\n" + more, base);
    const SweepPlan plan = box.plan();
    Outcome outcome;
    outcome.run = &plan.runs[0];
    return config::parse_config(best_config(plan, outcome, 1), "best", {}).data;
  };
  CHECK(best("data: {kind: tensors, path: a, holdout: 0.2, holdout_seed: 3}\n", "").holdout == 0);
  CHECK(best("data: {kind: tensors, path: a, eval_path: b}\n", "holdout: 0.2\n").eval_path == "b");
}

TEST_CASE("a folder whose runs had other settings is refused, and the first of them named") {
  const Sandbox box("base: base.yaml\ngrid: {optimizer.lr: [0.1, 0.2]}\n");
  const SweepPlan first = box.plan();
  prepare_folder(first, {&first.runs[0], &first.runs[1]});
  const SweepPlan second = box.plan({"training.epochs=5"});
  const std::vector<const SweepRun*> runs = {&second.runs[0], &second.runs[1]};
  CHECK_NOTHROW(check_folder(runs));  // nothing has run yet

  box.folder.write("sweep/lr=0.2/metrics.jsonl", kStart);
  CHECK_THAT(
      message_of<UsageError>([&] { prepare_folder(second, runs); }),
      Contains("sweep/lr=0.2 was started by a sweep with other settings: training.epochs is 5 and was 1"));
  CHECK_NOTHROW(check_folder({&first.runs[0], &first.runs[1]}));

  box.folder.write("sweep/lr=0.3/metrics.jsonl", kStart);
  const SweepPlan third = Sandbox("base: base.yaml\ngrid: {optimizer.lr: [0.3]}\n").plan({});
  SweepRun stranger = third.runs[0];
  stranger.files = files_of(box.folder.path_of("sweep"), "lr=0.3");
  CHECK_THAT(message_of<UsageError>([&] { check_folder({&stranger}); }),
             Contains("holds a run that no sweep has made"));
}

TEST_CASE("the error of a run is its own last one, not what the launcher says after it") {
  const test::TempFolder folder;
  const std::string before = "interlock: error: an older attempt\n";
  const std::string log =
      folder.write("log", before +
                              "epoch 1\rinterlock: rank 1 (stage 0): error: data/x: not there\n"
                              "-----\nmpirun has exited due to\n-----\n\n");
  CHECK(last_error_line(log, before.size()) == "interlock: rank 1 (stage 0): error: data/x: not there");
  CHECK(last_error_line(folder.write("log", before + "one\ntwo\n---\n"), before.size()) == "two");
  CHECK(last_error_line(folder.write("log", before), before.size()).empty());
  CHECK(last_error_line(folder.path_of("none"), 0).empty());
}

}  // namespace
}  // namespace interlock::sweep
