#include "trace/merge.h"

#include <filesystem>
#include <fstream>
#include <map>

#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/files.h"
#include "support/catch.h"
#include "support/temp_folder.h"
#include "trace/arrows.h"
#include "trace/busy.h"
#include "trace/planned.h"
#include "trace_support.h"

using namespace interlock;
using namespace interlock::test;
using nlohmann::json;

namespace {

json read(const std::string& path) {
  std::ifstream file(path);
  return json::parse(file);
}

// A run's folder with two stages' files.
void write_run(const std::string& run) {
  trace::write_run_facts(run, facts_of_two_stages());
  trace::write_rank_trace(run, sender(2));
  trace::write_rank_trace(run, receiver(2));
  write_file_atomically(run + "/config.yaml",
                        "model: {kind: sequential, layers: [flatten, {linear: {in: 4, out: 4}}]}\n"
                        "partition: {layers: [1, 1]}\nlearning: {horizon: all}\n"
                        "data: {kind: shapes, image_size: 8}\n");
}

}  // namespace

TEST_CASE("A stage is busy while it acts and does not wait") {
  const std::vector<trace::StageUse> uses = trace::stage_uses({sender(2), receiver(2)}, 2);
  CHECK(uses[0].busy_fraction() == Approx(0.6));
  CHECK(uses[1].busy_fraction() == Approx(0.5));  // 0.8 less the wait
  REQUIRE(uses[1].steps.size() == 2);
  CHECK(uses[1].steps[1].step == 2);
  CHECK(uses[1].seconds() == Approx(2e-6));
}

TEST_CASE("On a GPU a stage is as busy as the GPU says") {
  trace::RankTrace rank = sender(1);
  rank.on_gpu = true;
  rank.orders[0].busy_seconds = 0.9e-6;
  CHECK(trace::stage_uses({rank}, 1)[0].busy_fraction() == Approx(0.9));
}

TEST_CASE("A stage's replicas count as their mean") {
  trace::RankTrace other = receiver(2);
  other.stage = 0;
  CHECK(trace::stage_uses({sender(2), other}, 1)[0].busy_fraction() == Approx(0.55));
}

TEST_CASE("Every arrival meets its own send, also among messages that look alike") {
  trace::RankTrace from = sender(1);
  trace::RankTrace to = receiver(1);
  const trace::Record sent = trace::record_of(trace::RecordKind::kSend, trace::Message::kNonfinite, to.rank);
  const trace::Record taken =
      trace::record_of(trace::RecordKind::kArrival, trace::Message::kNonfinite, from.rank);
  for (const std::int64_t time : {1800, 1900}) {
    from.records.push_back(at(sent, 1, time, time));
    to.records.push_back(at(taken, 1, time + 50, time + 50));
  }
  const std::vector<trace::RankTrace> ranks = {from, to};
  const std::vector<trace::Arrow> arrows = trace::arrows_of(ranks);
  REQUIRE(arrows.size() == 3);
  for (const trace::Arrow& arrow : arrows) {
    CHECK(arrow.from == 0);
    CHECK(arrow.to == 1);
    const trace::Record& begin = from.records[arrow.sent];
    const trace::Record& end = to.records[arrow.arrived];
    CHECK(begin.what == end.what);
    CHECK(begin.begin < end.begin);
    if (begin.message() == trace::Message::kNonfinite) CHECK(end.begin - begin.begin == 50);
  }
}

TEST_CASE("What has only one end has no arrow") {
  CHECK(trace::arrows_of({receiver(2)}).empty());
  CHECK(trace::arrows_of({sender(2)}).empty());
  trace::RankTrace of_other_steps = receiver(2);
  for (trace::Record& record : of_other_steps.records) record.order += 7;
  CHECK(trace::arrows_of({sender(2), of_other_steps}).empty());
}

TEST_CASE("What was not known before is planned with what was measured, waits aside") {
  const trace::RunFacts facts = facts_of_two_stages();
  const schedule::Costs costs = trace::measured_costs({sender(2), receiver(2)}, facts.costs);
  CHECK(costs.stages[0].forward == Approx(400e-9));
  CHECK(costs.stages[0].update == Approx(200e-9));
  CHECK(costs.stages[1].forward == Approx(300e-9));
  CHECK(costs.stages[1].loss == Approx(100e-9));

  const schedule::GradientRule rule(2, [] {
    config::LearningConfig learning;
    learning.horizon = 1;
    return learning;
  }());
  const trace::PlannedTimeline planned = trace::planned_timeline(facts, rule, {sender(2), receiver(2)}, 40);
  CHECK(planned.step_seconds == Approx(600e-9));
  for (const std::vector<trace::PlannedSpan>& row : planned.stages) {
    CHECK(row.back().step == 39);
    for (std::size_t i = 1; i < row.size(); ++i) CHECK(row[i - 1].end <= row[i].begin);
  }
  CHECK(planned.stages[0].front().begin == 0);
}

TEST_CASE("A rank's file gives back what was written") {
  const TempFolder folder;
  trace::RankTrace rank = receiver(2);
  rank.operators.names = {"aten::relu", "quoted \" \\ \x01"};
  rank.operators.tracks = {{"operators", false}, {"kernels, stream 7", true}};
  rank.operators.events = {{0, 0, 1200, 1300}, {1, 1, 1250, 1280}};
  trace::write_rank_trace(folder.path(), rank);
  const trace::RankTrace back = trace::read_rank_trace(trace::rank_file(folder.path(), 2));
  CHECK(back.stage == 1);
  CHECK(back.orders.size() == 2);
  CHECK(back.orders[1].busy_seconds == rank.orders[1].busy_seconds);
  REQUIRE(back.records.size() == rank.records.size());
  CHECK(back.records[1].peer == 1);
  CHECK(back.records[3].end == rank.records[3].end);
  CHECK(back.operators.names == rank.operators.names);
  CHECK(back.operators.tracks[1].on_device);
  CHECK(back.operators.events[1].begin == 1250);
}

TEST_CASE(
    "A merged trace has a row of actions and a planned one for each stage, and what is missing in words") {
  const TempFolder folder;
  const std::string run = folder.path();
  write_run(run);
  const std::string file = run + "/trace.json";
  const std::string words = trace::merge_run(run, file);
  CHECK(words.find("2 steps, stage 0 busy 60 %, stage 1 busy 50 %") != std::string::npos);

  std::map<std::string, int> rows;
  std::map<int, int> planned;  // by process
  const json document = read(file);
  for (const json& event : document.at("traceEvents")) {
    if (event.at("name") == "thread_name") ++rows[event.at("args").at("name")];
    if (event.value("cat", "") == "planned") ++planned[event.at("pid")];
  }
  CHECK(rows["actions"] == 2);
  CHECK(rows["planned"] == 2);
  CHECK(planned[2] == 4);
  CHECK(planned[3] == 6);

  std::filesystem::remove(trace::rank_file(run, 2));
  CHECK(trace::merge_run(run, file).find("rank 2 is missing") != std::string::npos);
}

TEST_CASE("A trace that cannot be put together says why") {
  const TempFolder folder;
  const std::string run = folder.path();
  const auto reason = [&]() -> std::string {
    try {
      trace::merge_run(run, run + "/trace.json");
    } catch (const DataError& error) {
      return error.what();
    }
    return "";
  };
  CHECK(reason().find("no trace was taken of this run") != std::string::npos);
  write_run(run);
  write_file_atomically(trace::rank_file(run, 1), "{\"version\": 1, \"rank\": 1");
  CHECK(reason().find("rank-1.json") != std::string::npos);
  std::filesystem::remove(trace::rank_file(run, 1));
  std::filesystem::remove(trace::rank_file(run, 2));
  CHECK(reason().find("no rank has recorded anything") != std::string::npos);
}
