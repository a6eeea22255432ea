#include "app/commands.h"
#include "app/rank_session.h"
#include "app/resume.h"
#include "app/run_folder.h"
#include "app/single_process.h"
#include "coordinator/coordinator.h"
#include "worker/worker.h"

namespace interlock::app {
namespace {

int eval_command(const EvalArguments& arguments) {
  if (!launched_with_ranks()) return evaluate_in_single_process(arguments);
  return run_rank([&](RankSession& session) {
    const config::Config config = session.load_config(arguments.config_file(), arguments.overrides);
    session.together([&] { require_real_device(config, "evaluate"); });
    data::DataSource source;
    training::RunPlan plan = session.make_plan(config, source, /*also_coordinator=*/false);
    std::string checkpoint;
    session.together([&] { checkpoint = find_checkpoint_to_evaluate(plan, arguments.checkpoint); });
    plan.config.model.init.clear();  // the checkpoint has the weights
    worker::Equipment equipment = session.open_equipment(plan);
    std::unique_ptr<worker::Worker> worker;
    session.together([&] {
      if (session.is_coordinator()) return;
      worker = std::make_unique<worker::Worker>(plan, session.place(config), session.engine(),
                                                std::move(equipment), std::move(source));
      worker->restore(checkpoint);
    });
    if (worker) {
      worker->run();
      return;
    }
    coordinator::Job job = make_job(plan);
    job.steps_done = steps_done(checkpoint);
    coordinator::RunRecorder recorder(job, /*append=*/true, coordinator::RunRecorder::Purpose::kEvaluation);
    coordinator::Coordinator coordinator(job, session.engine());
    coordinator.evaluate(recorder);
    coordinator.finish();
  });
}

}  // namespace

void add_eval_command(CLI::App& app, cli::Run& run) {
  const auto arguments = std::make_shared<EvalArguments>();
  CLI::App* const command =
      app.add_subcommand("eval", "evaluate a checkpoint (in one process, or pipelined under mpirun)");
  add_config(*command, *arguments);
  command->add_option("--checkpoint", arguments->checkpoint,
                      "a checkpoint's folder (default: the newest of the run)");
  command->callback([arguments, &run] { run = [arguments] { return eval_command(*arguments); }; });
}

}  // namespace interlock::app
