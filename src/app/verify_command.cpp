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

// None: to the last bit. The reference computes on the CPU, whose kernels add in another order than a GPU's
// (docs/gpu.md has how far apart that makes float32); and synchronised batch norm is compared with one process
// (Reference).
Tolerance tolerance_of(const training::RunPlan& plan, bool on_gpus) {
  constexpr Tolerance kBetweenDevices{1e-4, 0.2};
  constexpr Tolerance kSynchronised{1e-5, 0};
  if (on_gpus) return kBetweenDevices;
  const config::PartitionConfig& partition = plan.config.partition;
  return partition.sync_batch_norm && partition.placement().replicated() ? kSynchronised : Tolerance{};
}

std::string verdict(const StageDifference& stage, const Tolerance& tolerance) {
  if (stage.bitwise) return "equal to the last bit";
  return fmt::format("{}, most in {}", stage.within(tolerance) ? "equal to rounding" : "differs",
                     stage.worst);
}

// Returns whether everything was equal, as far as `tolerance` asks.
bool print_table(const Verification& verification, std::int64_t steps, const Tolerance& tolerance) {
  fmt::print("{} steps on ranks and in one process; largest absolute differences:\n", steps);
  fmt::print("{:>5}  {:>10}  {:>10}  {:>10}  {}\n", "stage", "loss", "weights", "gradients", "verdict");
  bool all_equal = true;
  for (std::size_t k = 0; k < verification.stages.size(); ++k) {
    const StageDifference& stage = verification.stages[k];
    fmt::print("{:>5}  {:>10.3g}  {:>10.3g}  {:>10.3g}  {}\n", k, stage.loss, stage.weights, stage.gradients,
               verdict(stage, tolerance));
    all_equal = all_equal && (stage.bitwise || stage.within(tolerance));
  }
  if (tolerance.absolute > 0) {
    fmt::print("largest difference allowed: {:g}", tolerance.absolute);
    if (tolerance.of_gradients_norm > 0)
      fmt::print(", or of a gradient {:g} of its norm", tolerance.of_gradients_norm);
    fmt::print("\n");
  }
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
    const Tolerance tolerance = tolerance_of(plan, session.on_gpus(equipment, plan));
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
