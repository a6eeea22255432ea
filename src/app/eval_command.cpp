#include "app/commands.h"
#include "app/rank_session.h"
#include "app/run_folder.h"
#include "app/single_process.h"
#include "coordinator/coordinator.h"
#include "worker/worker.h"

namespace interlock::app {

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
    const coordinator::Job job = make_job(plan, steps_done(checkpoint));
    coordinator::RunRecorder recorder(job, /*append=*/true);
    coordinator::Coordinator coordinator(job, session.engine());
    coordinator.evaluate(recorder);
    coordinator.finish();
  });
}

}  // namespace interlock::app
