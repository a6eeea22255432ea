// metrics.jsonl read back, also while it grows.

#include "runs/metrics.h"

#include <cmath>
#include <filesystem>
#include <fstream>

#include "common/error.h"
#include "support/temp_folder.h"

namespace interlock::runs {
namespace {

using Catch::Matchers::Contains;
using test::message_of;

const char* const kStart =
    R"({"kind":"run","time":1.5,"event":"start","stages":2,"horizon":1,"micro_batches":4,"steps":0,"seconds":0})"
    "\n";

std::string step(int number) {
  return R"({"kind":"step","step":)" + std::to_string(number) + R"(,"loss":[2.5,null],"step_seconds":0.5})" +
         "\n";
}

void add(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::app) << text;
}

std::string wrong_line(const std::string& line) {
  const test::TempFolder folder;
  const std::string path = folder.write("metrics.jsonl", std::string(kStart) + line + "\n");
  return message_of<DataError>([&] { read_metrics(path); });
}

TEST_CASE("every field of every kind is read") {
  const test::TempFolder folder;
  const Metrics metrics = read_metrics(folder.write(
      "metrics.jsonl",
      std::string(kStart) +
          R"({"kind":"step","time":2,"step":7,"epoch":2,"loss":[1,null],"accuracy":0.25,"lr":0.1,"step_seconds":0.5,)"
          R"("samples_per_second":64,"busy_fraction":[0.5,1],"memory_mebibytes":[10,20],"left_out":true,)"
          R"("tokens_per_second":9})"
          "\n"
          R"({"kind":"epoch","step":7,"epoch":2,"loss":[3,4],"accuracy":[0.1,0.2],"seconds":8,)"
          R"("samples_per_second":5,"busy_fraction":[0.3,0.4]})"
          "\n"
          R"({"kind":"eval","step":7,"epoch":2,"loss":[5,6],"accuracy":[0.6,0.7],"perplexity":[148,403]})"
          "\n"
          R"({"kind":"run","event":"checkpoint","step":7,"blocked_seconds":0.01,"seconds":0.2,"bytes":1024})"
          "\n"
          R"({"kind":"run","event":"end","stages":2,"horizon":1,"steps":7,"micro_batches":4,"seconds":9,)"
          R"("coordinator_cpu_seconds":null,"cpu_seconds":[1,2],"peak_memory_mebibytes":[11,21],)"
          R"("sent_bytes":[100,0],"peak_activation_bytes":[5,6]})"
          "\n"));
  REQUIRE(metrics.steps.size() == 1);
  const Step& step = metrics.steps[0];
  CHECK((step.step == 7 && step.epoch == 2 && step.time == 2 && step.left_out && step.attempt == 1));
  CHECK((step.loss[0] == 1 && std::isnan(step.loss[1])));
  CHECK((step.accuracy == 0.25 && step.lr == 0.1 && step.step_seconds == 0.5));
  CHECK((step.samples_per_second == 64 && step.tokens_per_second == 9));
  CHECK((step.busy_fraction == PerStage{0.5, 1} && step.memory_mebibytes == PerStage{10, 20}));
  REQUIRE(metrics.epochs.size() == 1);
  const Epoch& epoch = metrics.epochs[0];
  CHECK((epoch.loss == PerStage{3, 4} && epoch.accuracy == PerStage{0.1, 0.2} && epoch.seconds == 8));
  CHECK((epoch.samples_per_second == 5 && epoch.busy_fraction == PerStage{0.3, 0.4}));
  REQUIRE(metrics.evaluations.size() == 1);
  const Evaluation& evaluation = metrics.evaluations[0];
  CHECK((evaluation.loss == PerStage{5, 6} && evaluation.perplexity == PerStage{148, 403}));
  REQUIRE(metrics.events.size() == 3);
  CHECK((metrics.events[0].stages == 2 && metrics.events[0].horizon == 1 && metrics.events[0].time == 1.5));
  CHECK((metrics.events[1].step == 7 && metrics.events[1].blocked_seconds == 0.01 &&
         metrics.events[1].bytes == 1024));
  CHECK((metrics.events[2].step == 7 && metrics.events[2].peak_memory_mebibytes == PerStage{11, 21}));
  CHECK((metrics.events[2].seconds == 9 && metrics.events[2].sent_bytes == PerStage{100, 0}));
}

TEST_CASE("what an older run did not write is missing, not zero") {
  const test::TempFolder folder;
  const Metrics metrics = read_metrics(folder.write("metrics.jsonl", R"({"kind":"step","step":1})"
                                                                     "\n"));
  REQUIRE(metrics.steps.size() == 1);
  CHECK(std::isnan(metrics.steps[0].time));
  CHECK(std::isnan(metrics.steps[0].step_seconds));
  CHECK(metrics.steps[0].memory_mebibytes.empty());
}

TEST_CASE("a growing file is followed by whole lines") {
  const test::TempFolder folder;
  const std::string path = folder.write("metrics.jsonl", kStart);
  MetricsFollower follower(path);
  Metrics metrics;
  CHECK(follower.poll(metrics));
  CHECK_FALSE(follower.poll(metrics));
  const std::string line = step(1);
  add(path, line.substr(0, 20));
  CHECK_FALSE(follower.poll(metrics));
  add(path, line.substr(20) + step(2));
  CHECK(follower.poll(metrics));
  REQUIRE(metrics.steps.size() == 2);
  CHECK(metrics.steps[1].step == 2);
  CHECK(metrics.steps[1].attempt == 1);
}

TEST_CASE("following starts again where a run dropped steps, even if the file is as long as before") {
  const test::TempFolder folder;
  const std::string path = folder.write("metrics.jsonl", kStart + step(1) + step(2));
  MetricsFollower follower(path);
  Metrics metrics;
  follower.poll(metrics);
  SECTION("shorter") {
    folder.write("metrics.jsonl", kStart + step(1));
  }
  SECTION("another file") {
    std::filesystem::rename(folder.write("new", kStart + step(1) + std::string(90, ' ') + "\n"), path);
  }
  CHECK(follower.poll(metrics));
  CHECK(metrics.steps.size() == 1);
  CHECK(metrics.events.size() == 1);
}

TEST_CASE("lines that a crash has torn are passed over, and so are kinds of the future") {
  const test::TempFolder folder;
  const Metrics metrics = read_metrics(
      folder.write("metrics.jsonl", step(1) + "{\"kind\":\"st\n" + std::string(8, '\0') + "\n\n" +
                                        "{\"kind\":\"weather\",\"step\":[]}\n" + step(2) + "{\"kind"));
  CHECK(metrics.steps.size() == 2);
}

TEST_CASE("of a long file only the end may be asked for, and then all that is added") {
  const test::TempFolder folder;
  const std::string path = folder.write("metrics.jsonl", step(1) + step(2) + step(3) + step(4));
  MetricsFollower follower(path, step(1).size() + step(2).size() / 2);
  Metrics metrics;
  CHECK(follower.poll(metrics));
  REQUIRE(metrics.steps.size() == 1);
  CHECK(metrics.steps[0].step == 4);
  std::ofstream(path, std::ios::app) << step(5);
  CHECK(follower.poll(metrics));
  CHECK(metrics.steps.back().step == 5);
  CHECK_FALSE(follower.poll(metrics));
}

TEST_CASE("attempts are counted by their starts") {
  const test::TempFolder folder;
  const Metrics metrics = read_metrics(folder.write("metrics.jsonl", kStart + step(1) + kStart + step(2)));
  CHECK(metrics.steps[0].attempt == 1);
  CHECK(metrics.steps[1].attempt == 2);
  CHECK(metrics.events[1].attempt == 2);
}

TEST_CASE("what is no metrics is refused with file and line") {
  CHECK_THAT(wrong_line("model: {kind: sequential}"), Contains("metrics.jsonl line 2:"));
  CHECK_THAT(wrong_line("[1, 2]"), Contains("no JSON object"));
  CHECK_THAT(wrong_line(R"({"step": 1})"), Contains("kind"));
  CHECK_THAT(wrong_line(R"({"kind": "step", "loss": 3})"), Contains("`loss` is no list"));
  CHECK_THAT(wrong_line(R"({"kind": "step", "lr": "high"})"), Contains("line 2"));
  CHECK_THAT(message_of<IoError>([] { read_metrics("/nowhere/metrics.jsonl"); }),
             Contains("/nowhere/metrics.jsonl"));
}

}  // namespace
}  // namespace interlock::runs
