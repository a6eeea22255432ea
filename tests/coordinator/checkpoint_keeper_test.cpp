#include "coordinator/checkpoint_keeper.h"

#include <filesystem>

#include "coordinator_support.h"

namespace interlock::coordinator {
namespace {

using test::TempFolder;

Job job_in(const TempFolder& folder, const std::string& run) {
  Job job;
  job.config = config::parse_config(
      "model: {kind: convnet}\npartition: {stages: 1}\ndata: {kind: tensors, path: none}\n"
      "training: {batch_size: 4}\nrun: {dir: '" +
          folder.path() + "', " + run + "}\n",
      "a.yaml", {});
  job.steps_per_epoch = 2;
  job.total_steps = 8;
  return job;
}

struct Run {
  explicit Run(const Job& job) : recorder(job, false), keeper(job, recorder) {}
  RunRecorder recorder;
  CheckpointKeeper keeper;
  // No shards: what is in them is not the keeper's business.
  void save(std::int64_t step) {
    keeper.begin(step);
    std::filesystem::create_directories(storage::checkpoint_directory(dir, step));
    keeper.commit(step, {}, 0);
  }
  std::string dir;
};

bool is_there(const TempFolder& folder, std::int64_t step) {
  return std::filesystem::exists(storage::checkpoint_directory(folder.path(), step) + "/manifest.json");
}

TEST_CASE("the newest checkpoints are kept, and the best one") {
  const TempFolder folder;
  const Job job = job_in(folder, "keep_checkpoints: 1, keep_best: true");
  Run run(job);
  run.dir = folder.path();
  run.save(2);
  run.keeper.evaluated(2, 0.5);
  run.save(4);
  run.keeper.evaluated(4, 0.7);
  run.save(6);
  CHECK(is_there(folder, 2));
  CHECK_FALSE(is_there(folder, 4));
  CHECK(is_there(folder, 6));
  CHECK(storage::read_best(folder.path())->step == 2);
  run.keeper.evaluated(6, 0.4);
  run.save(8);
  CHECK_FALSE(is_there(folder, 2));
  CHECK(is_there(folder, 6));
}

TEST_CASE("a checkpoint whose evaluation comes before its commit is noted as the best once it is there") {
  const TempFolder folder;
  const Job job = job_in(folder, "keep_best: true");
  Run run(job);
  run.dir = folder.path();
  run.keeper.evaluated(2, 0.5);
  CHECK_FALSE(storage::read_best(folder.path()).has_value());
  run.save(2);
  CHECK(storage::read_best(folder.path())->step == 2);
}

TEST_CASE("a manifest holds the place in the data, and the sums of an epoch that is not over") {
  const TempFolder folder;
  const Job job = job_in(folder, "checkpoint_every_steps: 1");
  Run run(job);
  run.dir = folder.path();
  run.save(2);
  const storage::Manifest at_end = storage::read_manifest(storage::checkpoint_directory(folder.path(), 2));
  CHECK(at_end.step == 2);
  CHECK(at_end.epochs == 1);
  CHECK(at_end.batch_size == 4);
  CHECK(at_end.steps_per_epoch == 2);
  CHECK(at_end.recorder.empty());
  run.save(3);
  const storage::Manifest amid = storage::read_manifest(storage::checkpoint_directory(folder.path(), 3));
  CHECK(amid.epochs == 1);
  CHECK_FALSE(amid.recorder.empty());
}

}  // namespace
}  // namespace interlock::coordinator
