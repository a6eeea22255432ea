#include <fmt/format.h>

#include "app/commands.h"
#include "app/run_folder.h"
#include "app/verification.h"
#include "common/log.h"
#include "worker/worker.h"

namespace interlock::app {
namespace {

// Returns whether everything was equal to the last bit.
bool print_table(const Verification& verification, std::int64_t steps) {
  fmt::print("{} steps on ranks and in one process; largest absolute differences:\n", steps);
  fmt::print("{:>5}  {:>10}  {:>10}  {:>10}  {}\n", "stage", "loss", "weights", "gradients", "verdict");
  bool all_equal = true;
  for (std::size_t k = 0; k < verification.stages.size(); ++k) {
    const StageDifference& stage = verification.stages[k];
    fmt::print("{:>5}  {:>10.3g}  {:>10.3g}  {:>10.3g}  {}\n", k, stage.loss, stage.weights, stage.gradients,
               stage.bitwise ? "equal to the last bit" : "differs, most in " + stage.worst);
    all_equal = all_equal && stage.bitwise;
  }
  std::fflush(stdout);
  return all_equal;
}

}  // namespace

int verify_command(const VerifyArguments& arguments) {
  bool equal = true;
  const int code = run_rank([&](RankSession& session) {
    const config::Config config = session.load_config(arguments.config_file(), arguments.overrides);
    session.together([&] { require_real_device(config, "compare"); });
    data::DataSource source;
    const training::RunPlan plan = session.make_plan(config, source, /*also_coordinator=*/true);
    std::unique_ptr<worker::Worker> worker;
    session.together([&] {
      if (session.is_coordinator()) return;
      worker = std::make_unique<worker::Worker>(plan, session.place(config), session.engine(), std::move(source));
    });
    if (worker) {
      worker->run();
    } else {
      const std::int64_t steps = std::min<std::int64_t>(arguments.steps, plan.total_steps);
      equal = print_table(verify_as_coordinator(plan, source, session.engine(), steps), steps);
    }
  });
  return code != 0 ? code : (equal ? 0 : static_cast<int>(ExitCode::kInternal));
}

}  // namespace interlock::app
