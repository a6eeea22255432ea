#include <limits>

#include "app/commands.h"
#include "app/rank_session.h"
#include "app/run_folder.h"
#include "app/single_process.h"
#include "common/clock.h"
#include "common/error.h"
#include "coordinator/coordinator.h"
#include "worker/worker.h"

namespace interlock::app {
namespace {

void coordinate(RankSession& session, const training::RunPlan& plan, const std::string& checkpoint) {
  const coordinator::Job job = make_job(plan, steps_done(checkpoint));
  session.open_equipment(plan);
  session.together([] {});  // the workers build their stages: nothing is touched on disk before all have
  session.together([&] { prepare_run_folder(plan.config, checkpoint.empty()); });
  const double start_up = process_cpu_seconds();
  coordinator::RunRecorder recorder(job, /*append=*/!checkpoint.empty());
  coordinator::Coordinator coordinator(job, session.engine());
  coordinator.train(recorder);
  coordinator.finish();
  recorder.finish(process_cpu_seconds() - start_up);
  summarise(job, recorder);
}

void work(RankSession& session, const training::RunPlan& plan, data::DataSource source,
          const std::string& checkpoint) {
  worker::Equipment equipment = session.open_equipment(plan);
  std::unique_ptr<worker::Worker> worker;
  session.together([&] {
    worker = std::make_unique<worker::Worker>(plan, session.place(plan.config), session.engine(),
                                              std::move(equipment), std::move(source));
    if (!checkpoint.empty()) worker->restore(checkpoint);
  });
  session.together([] {});  // the coordinator prepares the run's folder
  worker->run();
}

}  // namespace

int train_command(const TrainArguments& arguments) {
  if (arguments.single_process && launched_with_ranks()) {
    throw UsageError(
        "--single-process under mpirun or srun would train the same run several times; start it without");
  }
  if (arguments.single_process) return train_in_single_process(arguments);
  return run_rank([&](RankSession& session) {
    const config::Config config = session.load_config(arguments.config_file(), arguments.overrides);
    data::DataSource source;
    training::RunPlan plan = session.make_plan(config, source, /*also_coordinator=*/false);
    std::string checkpoint;
    session.together([&] {
      if (arguments.resume != "none") require_real_device(config, "go on from");
      if (session.is_coordinator()) checkpoint = find_checkpoint(config, arguments.resume);
    });
    checkpoint = comm::share(session.engine(), kCoordinator, checkpoint);
    if (!checkpoint.empty()) plan.config.model.init.clear();  // the checkpoint has the weights
    if (session.is_coordinator()) {
      coordinate(session, plan, checkpoint);
    } else {
      work(session, plan, std::move(source), checkpoint);
    }
  });
}

}  // namespace interlock::app
