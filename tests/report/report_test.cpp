// Runs from their folders to a page.

#include "report/report.h"

#include <chrono>
#include <filesystem>

#include "common/error.h"
#include "report/run.h"
#include "report/summary.h"
#include "report_support.h"

namespace interlock::report {
namespace {

using Catch::Matchers::Contains;

// Writes the run and returns its folder.
std::string write_run(const TempFolder& folder, const std::string& name, const MadeRun& made = {},
                      const std::string& more = "") {
  folder.write(name + "/metrics.jsonl", metrics_of(made));
  folder.write(name + "/config.yaml", config_of(made.stages, more));
  return folder.path_of(name);
}

std::string page_of(const TempFolder& folder, const std::vector<std::string>& runs,
                    const std::vector<std::string>& names = {}) {
  Request request;
  request.folders = runs;
  request.names = names;
  request.out = folder.path_of("page.html");
  const Written written = write_report(request);
  CHECK(written.page == request.out);
  const std::string page = content_of(written.page);
  CHECK(page.size() == written.bytes);
  return page;
}

TEST_CASE("the page has the figures of the run, and needs nothing from elsewhere") {
  const TempFolder folder;
  const std::string page = page_of(folder, {write_run(folder, "a")});
  CHECK_THAT(page, Contains("96.7 %"));   // accuracy after step 30
  CHECK_THAT(page, Contains("0.03333"));  // its loss
  CHECK_THAT(page, Contains("640"));      // samples a second
  CHECK_THAT(page, Contains("75.0 %"));   // busy
  CHECK_THAT(page, Contains("100 MiB"));  // memory
  CHECK_THAT(page, Contains("id=\"schedule-0\""));
  CHECK_THAT(page, !Contains("src=") && !Contains("@import") && !Contains("url(http") &&
                       !Contains("<link rel=\"style"));
}

TEST_CASE("summaries leave the first step of each start out of speeds, not out of time") {
  const TempFolder folder;
  MadeRun made;
  std::string metrics = metrics_of(made);
  const std::string slow = R"("step_seconds":0.1)";
  metrics.replace(metrics.find(slow), slow.size(), R"("step_seconds":5.1)");
  folder.write("a/metrics.jsonl", metrics);
  const Run run = load_run(folder.path_of("a"));
  const Summary summary = summarise(run);
  CHECK(summary.seconds == Approx(8.0));
  CHECK(summary.step_seconds == Approx(0.1));
  CHECK(summary.samples_per_second == Approx(640));
  CHECK(summary.epochs == Approx(3));
  CHECK(run.seconds_at(0) == 0);
  CHECK(run.seconds_at(1) == Approx(5.1));
  CHECK(run.seconds_at(1000) == Approx(8.0));
}

TEST_CASE("steps that were done again count once, and later evaluations not at all") {
  const TempFolder folder;
  MadeRun killed;
  killed.steps = 25;
  killed.end = false;
  std::string again = metrics_of({});
  folder.write("a/metrics.jsonl",
               metrics_of(killed) + again + "{\"kind\":\"run\",\"event\":\"start\",\"steps\":30}\n" +
                   "{\"kind\":\"eval\",\"step\":30,\"epoch\":3,\"loss\":[9],\"accuracy\":[0.01]}\n");
  const Run run = load_run(folder.path_of("a"));
  CHECK(run.metrics.steps.size() == 30);
  CHECK(run.metrics.evaluations.size() == 3);
  CHECK(last_of(run.metrics.evaluations.back().accuracy) > 0.9);
  CHECK(run.seconds.back() == Approx(3.0));
  CHECK(run.state == State::kDone);
}

TEST_CASE("runs that are not finished say so") {
  const TempFolder folder;
  MadeRun made;
  made.end = false;
  const std::string run = write_run(folder, "a", made);
  CHECK_THAT(page_of(folder, {run}), Contains("is not finished") && Contains("after step 30"));
  folder.write("a/failure.json", R"({"message": "rank 2 <died>"})");
  CHECK_THAT(page_of(folder, {run}), Contains("failed after step 30: rank 2 &lt;died&gt;"));
}

TEST_CASE("every shape of run makes a page") {
  const TempFolder folder;
  MadeRun made;
  SECTION("one stage") {
    made.stages = made.horizon = 1;
  }
  SECTION("32 stages") {
    made.stages = 32;
  }
  SECTION("a language model") {
    made.text = true;
  }
  SECTION("no evaluations") {
    made.evaluations = false;
  }
  SECTION("one step") {
    made.steps = 1;
  }
  SECTION("no end") {
    made.end = false;
  }
  SECTION("no times") {
    made.step_seconds = 0;
  }
  const std::string run = write_run(folder, "a", made);
  const std::string other = write_run(folder, "b");
  for (const std::vector<std::string>& runs :
       {std::vector<std::string>{run}, {run, other}, {run, run, other}}) {
    const std::string page = page_of(folder, runs);
    const std::size_t begin = page.find("<main>");
    CHECK(markup_problem(page.substr(begin, page.find("</main>") - begin + 7)) == "");
    CHECK(page.find("nan") == std::string::npos);
    CHECK(page.size() < 1000000);
  }
}

TEST_CASE("a language model is told by its perplexity") {
  const TempFolder folder;
  MadeRun made;
  made.text = true;
  const std::string page = page_of(folder, {write_run(folder, "a", made)});
  CHECK_THAT(page, Contains("Perplexity") && Contains("1.333") && Contains("Tokens a second"));
}

TEST_CASE("a run without config.yaml or with old metrics makes a page") {
  const TempFolder folder;
  folder.write("a/metrics.jsonl", R"({"kind":"step","step":1,"loss":[null,2.5]})"
                                  "\n"
                                  R"({"kind":"step","step":2,"loss":[null,2.25]})"
                                  "\n");
  CHECK_THAT(page_of(folder, {folder.path_of("a")}),
             Contains("has no config.yaml") && Contains("Training loss"));
}

TEST_CASE("the schedule is drawn as it was recorded, with the costs that are known") {
  const TempFolder folder;
  MadeRun made;
  made.stages = 2;
  const std::string run = write_run(folder, "a", made, "learning: {horizon: 1}\n");
  CHECK_THAT(page_of(folder, {run}), Contains("planned: ") && Contains("all stages alike"));
  folder.write("a/schedule.txt",
               "stage 0: F0 L0 W0 F1 L1 W1 F2 L2 W2 F3 L3 W3 U\n"
               "stage 1: F0 L0 W0 F1 L1 W1 F2 L2 W2 F3 L3 W3 U\n");
  CHECK_THAT(page_of(folder, {run}), Contains("as it was trained") && Contains("step 12 forwards"));
  folder.write("a/config.yaml",
               config_of(2,
                         "learning: {horizon: 1}\nschedule: {micro_batches: 4, costs: "
                         "{forward_ms: 1, head_ms: 1, input_gradient_ms: 1, weight_gradient_ms: 2}}\n"));
  CHECK_THAT(page_of(folder, {run}), Contains("step 16 ms") && Contains("schedule.costs"));
  folder.write("a/schedule.txt", "stage 0: W0 F0 U\nstage 1: W0 F0 U\n");
  CHECK_THAT(page_of(folder, {run}), Contains("No schedule of a"));
}

TEST_CASE("configs are compared key by key") {
  const TempFolder folder;
  const std::string a = write_run(folder, "a", {}, "learning: {horizon: 1}\nrun: {dir: x}\n");
  const std::string b = write_run(folder, "b", {}, "learning: {horizon: 2}\nrun: {dir: y}\n");
  const std::string page = page_of(folder, {a, b});
  CHECK_THAT(page, Contains("<td>learning.horizon</td><td class=\"run0\">1</td><td class=\"run1\">2</td>"));
  CHECK_THAT(page, !Contains("<td>run.dir</td>") && !Contains("<td>partition.stages</td>"));
  CHECK_THAT(page_of(folder, {a, a}), Contains("The configs are equal"));
}

TEST_CASE("names are the user's, the folders', or paths where those are the same") {
  const TempFolder folder;
  const std::string a = write_run(folder, "x/run");
  const std::string b = write_run(folder, "y/run");
  std::vector<Run> runs = {load_run(a), load_run(b + "/")};
  name_runs(runs, {});
  CHECK(runs[0].name == a);
  CHECK(runs[1].name == b);
  name_runs(runs, {"<one>", "<one>"});
  CHECK(runs[0].name == "<one>");
  CHECK(runs[1].name == "<one> (2)");
  CHECK_THAT(message_of<UsageError>([&] { name_runs(runs, {"one"}); }), Contains("1 name for 2 runs"));
  CHECK_THAT(page_of(folder, {a, b}, {"<one>", "t&wo"}), !Contains("<one>") && Contains("&lt;one&gt;"));
}

TEST_CASE("what is no run is refused, with what may be meant") {
  const TempFolder folder;
  write_run(folder, "runs/quick");
  std::filesystem::create_directories(folder.path_of("empty"));
  folder.write("started/metrics.jsonl", "");
  const auto refusal = [&](const std::string& name) {
    return message_of<UsageError>([&] { load_run(folder.path_of(name)); });
  };
  CHECK_THAT(refusal("runs/quik"), Contains("did you mean") && Contains("runs/quick'"));
  CHECK_THAT(refusal("runs"), Contains("interlock report") && Contains("runs/quick"));
  CHECK_THAT(refusal("empty"), Contains("no metrics.jsonl"));
  CHECK_THAT(refusal("runs/quick/metrics.jsonl"), Contains("give the run's folder"));
  CHECK_THAT(refusal("runs/quick/config.yaml"), Contains("is no folder"));
  CHECK_THAT(refusal("started"), Contains("no finished step"));
}

TEST_CASE("32 stages with 64 micro-batches make a small page too") {
  const TempFolder folder;
  MadeRun made;
  made.stages = 32;
  const std::string run =
      write_run(folder, "a", made, "learning: {horizon: 4}\nschedule: {micro_batches: 64}\n");
  CHECK(page_of(folder, {run, run, run}).size() < 1000000);
}

TEST_CASE("a hundred thousand steps make a small page, quickly") {
  const TempFolder folder;
  MadeRun made;
  made.steps = 100000;
  made.stages = 8;
  const std::string run = write_run(folder, "a", made);
  const auto start = std::chrono::steady_clock::now();
  CHECK(page_of(folder, {run}).size() < 500000);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}

}  // namespace
}  // namespace interlock::report
