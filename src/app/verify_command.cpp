#include <fmt/format.h>

#include "app/commands.h"
#include "app/run_folder.h"
#include "app/verification.h"
#include "common/log.h"
#include "worker/worker.h"

namespace interlock::app {
namespace {

struct VerifyArguments : ConfigArguments {
  int steps = 3;
};

// 0: to the last bit. The reference computes on the CPU, whose kernels add in another order than a GPU's;
// and synchronised batch norm is compared with one process (Reference).
double tolerance_of(const training::RunPlan& plan, bool on_gpus) {
  constexpr double kBetweenDevices = 1e-4;
  constexpr double kSynchronised = 1e-5;
  if (on_gpus) return kBetweenDevices;
  const config::PartitionConfig& partition = plan.config.partition;
  return partition.sync_batch_norm && partition.placement().replicated() ? kSynchronised : 0;
}

std::string verdict(const StageDifference& stage, double tolerance) {
  if (stage.bitwise) return "equal to the last bit";
  return fmt::format("{}, most in {}", stage.within(tolerance) ? "equal to rounding" : "differs",
                     stage.worst);
}

// Returns whether everything was equal, as far as `tolerance` asks.
bool print_table(const Verification& verification, std::int64_t steps, double tolerance) {
  fmt::print("{} steps on ranks and in one process; largest absolute differences:\n", steps);
  fmt::print("{:>5}  {:>10}  {:>10}  {:>10}  {}\n", "stage", "loss", "weights", "gradients", "verdict");
  bool all_equal = true;
  for (std::size_t k = 0; k < verification.stages.size(); ++k) {
    const StageDifference& stage = verification.stages[k];
    fmt::print("{:>5}  {:>10.3g}  {:>10.3g}  {:>10.3g}  {}\n", k, stage.loss, stage.weights, stage.gradients,
               verdict(stage, tolerance));
    all_equal = all_equal && (stage.bitwise || stage.within(tolerance));
  }
  if (tolerance > 0) fmt::print("largest difference allowed: {:g}\n", tolerance);
  std::fflush(stdout);
  return all_equal;
}

int verify_command(const VerifyArguments& arguments) {
  bool equal = true;
  const int code = run_rank([&](RankSession& session) {
    const config::Config config = session.load_config(arguments.config_file(), arguments.overrides);
    session.together([&] { require_real_device(config, "compare"); });
    data::DataSource source;
    const training::RunPlan plan = session.make_plan(config, source, /*also_coordinator=*/true);
    worker::Equipment equipment = session.open_equipment(plan);
    const double tolerance = tolerance_of(plan, session.on_gpus(equipment, plan));
    std::unique_ptr<worker::Worker> worker;
    session.together([&] {
      if (session.is_coordinator()) return;
      worker = std::make_unique<worker::Worker>(plan, session.place(config), session.engine(),
                                                std::move(equipment), std::move(source));
    });
    if (worker) {
      worker->run();
    } else {
      const std::int64_t steps = std::min<std::int64_t>(arguments.steps, plan.total_steps);
      equal = print_table(verify_as_coordinator(plan, source, session.engine(), steps), steps, tolerance);
    }
  });
  return code != 0 ? code : (equal ? 0 : static_cast<int>(ExitCode::kInternal));
}

}  // namespace

void add_verify_command(CLI::App& app, cli::Run& run) {
  const auto arguments = std::make_shared<VerifyArguments>();
  CLI::App* const command = app.add_subcommand(
      "verify", "train some steps both on ranks and in one process, and compare every tensor");
  add_config(*command, *arguments);
  command->add_option("--steps", arguments->steps, "optimizer steps (default 3)")
      ->check(CLI::Range(1, 1000000));
  command->callback([arguments, &run] { run = [arguments] { return verify_command(*arguments); }; });
}

}  // namespace interlock::app
