#include "coordinator/metrics_log.h"

#include <limits>

#include "common/error.h"
#include "coordinator_support.h"

namespace interlock::coordinator {
namespace {

using nlohmann::json;
using Names = std::vector<std::string>;
using test::TempFolder;

constexpr double kInfinite = std::numeric_limits<double>::infinity();

TEST_CASE("a step line has the documented fields, with null where a stage has no loss") {
  const TempFolder folder;
  StepMetrics metrics;
  metrics.step = 7;
  metrics.epoch = 2;
  metrics.loss = {kNone, 0.1, kInfinite};
  metrics.busy_fraction = {0.5, 1, 0.25};
  metrics.memory_mebibytes = {100, 200, 300};
  metrics.time = 1700000000.5;
  metrics.accuracy = kNone;
  metrics.lr = 0.001;
  metrics.step_seconds = 0.5;
  metrics.samples_per_second = 256;
  MetricsLog(folder.path_of("m"), false).write(metrics);
  const std::vector<json> lines = read_lines(folder.path_of("m"));
  REQUIRE(lines.size() == 1);
  CHECK(keys(lines[0]) == Names{"accuracy", "busy_fraction", "epoch", "kind", "loss", "lr",
                                "memory_mebibytes", "samples_per_second", "step", "step_seconds", "time"});
  CHECK(lines[0]["kind"] == "step");
  CHECK(lines[0]["step"] == 7);
  CHECK(lines[0]["epoch"] == 2);
  CHECK(lines[0]["loss"] == json::array({nullptr, 0.1, nullptr}));
  CHECK(lines[0]["busy_fraction"] == json::array({0.5, 1.0, 0.25}));
  CHECK(lines[0]["accuracy"].is_null());
  CHECK(lines[0]["lr"] == 0.001);
  CHECK(lines[0]["memory_mebibytes"] == json::array({100.0, 200.0, 300.0}));
  CHECK(lines[0]["time"] == 1700000000.5);
}

TEST_CASE("losses are written so that they read back to the last bit") {
  const TempFolder folder;
  const PerStage losses = {1.0 / 3, 2.3025850929940455, 1e-17};
  MetricsLog(folder.path_of("m"), false).write(EvalMetrics{1, 1, losses, {}, {}});
  CHECK(read_lines(folder.path_of("m"))[0]["loss"].get<PerStage>() == losses);
}

TEST_CASE("epoch, eval and run lines have the documented fields") {
  const TempFolder folder;
  MetricsLog log(folder.path_of("m"), false);
  log.write(RunMetrics{"start", 2, 1, 4, 0, 0, 0, {}, {}, {}, {}, {}, {}});
  log.write(EpochMetrics{3, 1, {1, 2}, {0.5, kNone}, {1, 1}, 2.5, 100});
  log.write(EvalMetrics{3, 1, {1, 2}, {0.5, kNone}, {}});
  log.write(RunMetrics{
      "end", 2, 1, 4, 3, 2.5, kNone, {1, 2}, {0.5, 1}, {100, 200}, {7, 8}, {640, 640}, {320, 320}});
  const std::vector<json> lines = read_lines(folder.path_of("m"));
  REQUIRE(lines.size() == 4);
  CHECK(keys(lines[0]) ==
        Names{"event", "horizon", "kind", "micro_batches", "seconds", "stages", "steps", "time"});
  CHECK(keys(lines[1]) == Names{"accuracy", "busy_fraction", "epoch", "kind", "loss", "samples_per_second",
                                "seconds", "step", "time"});
  CHECK(lines[1]["accuracy"] == json::array({0.5, nullptr}));
  CHECK(keys(lines[2]) == Names{"accuracy", "epoch", "kind", "loss", "step", "time"});
  CHECK(keys(lines[3]) == Names{"coordinator_cpu_seconds", "cpu_seconds", "cpu_seconds_in_steps", "event",
                                "horizon", "kind", "micro_batch_activation_bytes", "micro_batches",
                                "peak_activation_bytes", "peak_memory_mebibytes", "seconds", "sent_bytes",
                                "stages", "steps", "time"});
  CHECK(lines[3]["coordinator_cpu_seconds"].is_null());
  CHECK(lines[3]["steps"] == 3);
  CHECK(lines[3]["micro_batches"] == 4);
  const Names kinds = {lines[0]["kind"], lines[1]["kind"], lines[2]["kind"], lines[3]["kind"]};
  CHECK(kinds == Names{"run", "epoch", "eval", "run"});
}

TEST_CASE("text adds tokens a second to steps and a perplexity to evaluations") {
  const TempFolder folder;
  MetricsLog log(folder.path_of("m"), false);
  StepMetrics step;
  step.tokens_per_second = 1000;
  log.write(step);
  log.write(EvalMetrics{3, 1, {kNone, 1}, {kNone, 0.5}, {kNone, 2.5}});
  const std::vector<json> lines = read_lines(folder.path_of("m"));
  CHECK(lines[0]["tokens_per_second"] == 1000);
  CHECK(lines[1]["perplexity"] == json::array({nullptr, 2.5}));
}

TEST_CASE("each line is in the file as soon as it is written") {
  const TempFolder folder;
  MetricsLog log(folder.path_of("m"), false);
  log.write(EvalMetrics{});
  CHECK(read_lines(folder.path_of("m")).size() == 1);
}

TEST_CASE("a resumed run appends, a fresh one starts over") {
  const TempFolder folder;
  for (int i = 0; i < 2; ++i) MetricsLog(folder.path_of("m"), true).write(EvalMetrics{});
  CHECK(read_lines(folder.path_of("m")).size() == 2);
  MetricsLog(folder.path_of("m"), false).write(EvalMetrics{});
  CHECK(read_lines(folder.path_of("m")).size() == 1);
}

TEST_CASE("a file that cannot be written is an I/O error with path and reason") {
  const TempFolder folder;
  const std::string path = folder.path_of("missing/m");
  CHECK_THAT(test::message_of<IoError>([&] { MetricsLog(path, false); }),
             Catch::Matchers::Contains(path) && Catch::Matchers::Contains("No such file"));
  CHECK_THROWS_AS(MetricsLog("/dev/full", true).write(EvalMetrics{}), IoError);
}

TEST_CASE("a resumed run drops the lines of steps that did not happen, and a line that was cut off") {
  const TempFolder folder;
  const std::string path = folder.path_of("metrics.jsonl");
  const std::string kept =
      "{\"kind\":\"run\",\"event\":\"start\",\"steps\":0}\n{\"kind\":\"step\",\"step\":1}\n"
      "{\"kind\":\"step\",\"step\":2}\n{\"kind\":\"epoch\",\"step\":2}\n{\"kind\":\"eval\",\"step\":2}\n";
  folder.write("metrics.jsonl",
               kept + "{\"kind\":\"step\",\"step\":3}\n{\"kind\":\"eval\",\"step\":3}\n{\"kind\":\"st");
  CHECK(trim_metrics(path, 2));
  CHECK(test::content_of(path) == kept);
  CHECK(trim_metrics(path, 2));
  CHECK_FALSE(trim_metrics(path, 1));  // step 1 has no evaluation
  CHECK_FALSE(trim_metrics(folder.path_of("none.jsonl"), 1));
}

}  // namespace
}  // namespace interlock::coordinator
