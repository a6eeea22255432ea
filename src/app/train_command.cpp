#include <limits>

#include <fmt/format.h>

#include "app/commands.h"
#include "app/live_view.h"
#include "app/rank_session.h"
#include "app/resume.h"
#include "app/run_folder.h"
#include "app/run_trace.h"
#include "app/single_process.h"
#include "common/activity.h"
#include "common/clock.h"
#include "common/error.h"
#include "common/fault_point.h"
#include "common/launch_rank.h"
#include "coordinator/coordinator.h"
#include "worker/worker.h"

namespace interlock::app {
namespace {

// Returns this rank's exit code.
int coordinate(RankSession& session, const training::RunPlan& plan, const std::string& checkpoint) {
  coordinator::Job job = make_job(plan);
  session.together([&] { go_on_from(checkpoint, job); });
  session.open_equipment(plan);
  session.together([] {});  // the workers build their stages: nothing is touched on disk before all have
  session.together([&] { prepare_to_train(plan, checkpoint, job); });
  open_rank_log(plan.config, kCoordinator);
  coordinator::LiveFile live(job, [&session] { return live_ranks(session.watcher()); });
  RunTrace trace(session, plan);
  trace.begin();
  const double start_up = process_cpu_seconds();
  note_phase(Phase::kIdle);
  coordinator::RunRecorder recorder(job, /*append=*/!checkpoint.empty(),
                                    coordinator::RunRecorder::Purpose::kTraining, &live);
  coordinator::Coordinator coordinator(job, session.engine(), [&] { return session.stop_requested(); });
  coordinator.note_orders(trace.orders());
  const coordinator::Ending ending = coordinator.train(recorder);
  coordinator.finish();
  const std::string traced = trace.end();
  recorder.finish(process_cpu_seconds() - start_up, ending.stopped);
  if (ending.stopped) {
    fmt::print("{}", traced);
    return print_stopped(job, ending);
  }
  summarise(job, recorder);
  fmt::print("{}", traced);
  return 0;
}

void work(RankSession& session, const training::RunPlan& plan, data::DataSource source,
          const std::string& checkpoint) {
  session.together([] {});  // the coordinator finds the place to go on from
  worker::Equipment equipment = session.open_equipment(plan);
  std::unique_ptr<worker::Worker> worker;
  session.together([&] {
    worker = std::make_unique<worker::Worker>(plan, session.place(plan.config), session.engine(),
                                              std::move(equipment), std::move(source));
    if (!checkpoint.empty()) {
      note_phase(Phase::kRestoring);
      worker->restore(checkpoint);
    }
    fault_point("built");
  });
  session.together([] {});  // the coordinator prepares the run's folder
  open_rank_log(plan.config, session.engine().rank());
  RunTrace trace(session, plan);
  trace.begin();
  worker->take_trace();
  worker->run();
  trace.end();
}

int train_command(const TrainArguments& arguments) {
  if (arguments.single_process && launched_with_ranks()) {
    if (launch_rank() != 0) return static_cast<int>(ExitCode::kUsage);  // one of them says it
    throw UsageError(
        "--single-process under mpirun or srun would train the same run several times; start it without");
  }
  if (arguments.single_process) return train_in_single_process(arguments);
  int code = 0;
  const int failed = run_rank([&](RankSession& session) {
    const config::Config config = session.load_config(arguments.config_file(), arguments.overrides);
    data::DataSource source;
    training::RunPlan plan = session.make_plan(config, source, /*also_coordinator=*/false);
    std::string checkpoint;
    session.together([&] {
      if (arguments.resume == "auto" || arguments.resume == "sound")
        require_real_device(config, "go on from");
      const bool simulated = config.run.device == config::DeviceKind::kSimulated;
      if (session.is_coordinator() && !simulated) checkpoint = find_start(config, arguments.resume);
    });
    checkpoint = comm::share(session.engine(), kCoordinator, checkpoint);
    if (!checkpoint.empty()) plan.config.model.init.clear();  // the checkpoint has the weights
    if (session.is_coordinator()) {
      code = coordinate(session, plan, checkpoint);
    } else {
      work(session, plan, std::move(source), checkpoint);
    }
  });
  return failed != 0 ? failed : code;
}

}  // namespace

void add_train_command(CLI::App& app, cli::Run& run) {
  const auto arguments = std::make_shared<TrainArguments>();
  CLI::App* const command =
      app.add_subcommand("train", "train a network (under mpirun, or --single-process)");
  add_config(*command, *arguments);
  command->add_flag("--single-process", arguments->single_process,
                    "the same mathematics in one process, no MPI");
  command->add_flag(
      "--resume{auto}", arguments->resume,
      "go on from the newest checkpoint whatever has changed; --resume=PATH from that one, =sound from the "
      "newest that is undamaged, =none from the beginning (without the option: from the newest of the "
      "same run, if there is one)");
  command->callback([arguments, &run] { run = [arguments] { return train_command(*arguments); }; });
}

}  // namespace interlock::app
