#include "coordinator/live_file.h"

#include <filesystem>

#include "coordinator_support.h"

namespace interlock::coordinator {
namespace {

using nlohmann::json;
using test::TempFolder;

Job make_job(const TempFolder& folder) {
  Job job;
  job.config = config::parse_config(
      "model: {kind: convnet}\npartition: {stages: 2}\ndata: {kind: tensors, path: none}\nrun: {dir: '" +
          folder.path() + "'}\n",
      "a.yaml", {});
  job.steps_per_epoch = 5;
  job.total_steps = 10;
  return job;
}

std::vector<LiveRank> two_ranks() {
  LiveRank coordinator;
  LiveRank worker;
  worker.rank = 1;
  worker.stage = 0;
  worker.host = "node\xff";
  worker.phase = "training";
  worker.action = "forward pass";
  worker.micro_batch = 3;
  worker.waiting_for = "the activation of micro-batch 3 from rank 2";
  worker.waiting_for_rank = 2;
  worker.seconds = 0.126;
  return {coordinator, worker};
}

json read(const TempFolder& folder) {
  return json::parse(test::content_of(folder.path_of("live.json")));
}

TEST_CASE("live.json is there at once, and says how the run ended") {
  const TempFolder folder;
  const Job job = make_job(folder);
  LiveFile live(job, two_ranks);
  json now = read(folder);
  CHECK(now["state"] == "starting");
  CHECK(now["steps"] == 10);
  CHECK(now["ranks"][1]["waiting_for_rank"] == 2);
  CHECK(now["ranks"][1]["action"] == "forward pass");
  CHECK(now["ranks"][1]["seconds"] == 0.13);
  CHECK(now["ranks"][0]["micro_batch"].is_null());
  StepMetrics step;
  step.step = 4;
  step.loss = {2, 1};
  live.step(step, 60);
  live.finish("done");
  now = read(folder);
  CHECK(now["state"] == "done");
  CHECK(now["step"] == 4);
  CHECK(now["loss"] == json::array({2.0, 1.0}));
  CHECK(now["seconds_left"] == 60);
}

TEST_CASE("a run that nobody has ended has failed, and whoever ends the job can say why") {
  const TempFolder folder;
  const Job job = make_job(folder);
  { const LiveFile live(job, two_ranks); }
  CHECK(read(folder)["state"] == "failed");
  mark_live_file_failed(folder.path(), "rank 2 died");
  CHECK(read(folder)["message"] == "rank 2 died");
  mark_live_file_failed(folder.path_of("missing"), "rank 2 died");
  CHECK_FALSE(std::filesystem::exists(folder.path_of("missing")));
}

TEST_CASE("a folder that cannot be written fails nothing") {
  const TempFolder folder;
  Job job = make_job(folder);
  job.config.run.dir = folder.path_of("missing");
  LiveFile live(job, two_ranks);
  live.step(StepMetrics{}, 1);
  live.finish("done");
  CHECK(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace interlock::coordinator
