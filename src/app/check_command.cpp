// `check`: everything that can go wrong before the first step, found in one process with no MPI.

#include <fmt/format.h>

#include "app/balance.h"
#include "app/commands.h"
#include "app/run_folder.h"
#include "common/error.h"
#include "common/text.h"
#include "models/pretrained.h"
#include "schedule/validator.h"
#include "training/batch_loader.h"
#include "training/run_plan.h"
#include "training/schedule_choice.h"

namespace interlock::app {
namespace {

void print_stages(const training::RunPlan& plan) {
  fmt::print("{:>5}  {:>9}  {:>18}  {:>10}  {:>9}  {:>11}  {:>9}  {}\n", "stage", "layers", "input",
             "parameters", "head", "in flight", "memory", "learns from losses");
  for (const models::StageBlueprint& stage : plan.blueprint.stages) {
    const training::MemoryEstimate memory = training::estimate_memory(plan, stage.stage);
    std::vector<std::string> losses;
    for (const int loss : plan.rule.losses_mixed(stage.stage)) losses.push_back(std::to_string(loss));
    if (!plan.rule.learns(stage.stage)) losses.emplace_back("none (frozen)");
    fmt::print(
        "{:>5}  {:>9}  {:>18}  {:>10}  {:>9}  {:>11}  {:>9}  {}\n", stage.stage,
        fmt::format("{}..{}", stage.first_layer, stage.first_layer + static_cast<int>(stage.main.size()) - 1),
        format_shape(stage.input), stage.main_parameters,
        stage.head.empty() ? "-" : std::to_string(stage.head_parameters),
        fmt::format("{} x {}", memory.in_flight, training::samples_of_replica(plan, stage.stage)),
        format_bytes(memory.total()), join(losses, ", "));
  }
}

// Builds every stage, one at a time, loading initial weights where given, and pushes one real batch through.
void run_one_batch(const training::RunPlan& plan, const data::DataSource& source) {
  training::BatchLoader loader(plan, source);
  const std::int64_t samples = std::min<std::int64_t>(plan.micro_batch_size, plan.data.train_samples);
  const data::Batch batch = loader.load({schedule::OrderKind::kTrain, 0, 0, 1, 0, samples}, 0);
  const at::NoGradGuard no_grad;
  const models::InitialWeights initial(plan.config, plan.blueprint, plan.data.vocabulary);
  at::Tensor h = batch.inputs;
  for (const models::StageBlueprint& blueprint : plan.blueprint.stages) {
    const models::Stage stage(blueprint, plan.config.training.seed);
    initial.copy_into(stage);
    h = stage.main().forward(h, {});
    const models::Shape expected = models::batched(blueprint.output, samples);
    INTERLOCK_CHECK(h.sizes().vec() == expected,
                    fmt::format("{} {}", format_shape(h.sizes().vec()), format_shape(expected)));
  }
}

int check_command(const ConfigArguments& arguments) {
  config::Config config = load_run_config(arguments.config_file(), arguments.overrides);
  const data::DataSource source = data::open_data(config);
  balance(config, source.info);
  training::RunPlan plan = training::make_run_plan(config, source.info);
  const schedule::Plan chosen = training::choose_schedule(plan);
  plan.schedule = chosen.schedule;
  schedule::validate(plan.rule, config.schedule.micro_batches, plan.schedule);
  run_one_batch(plan, source);

  fmt::print("{} samples of {}, {} to evaluate on; {} steps an epoch, {} in all\n", plan.data.train_samples,
             format_shape(plan.data.sample_shape), plan.data.eval_samples, plan.steps_per_epoch,
             plan.total_steps);
  fmt::print("{} stages, horizon {}, {} micro-batches of {}; schedule {}; memory is an estimate\n\n",
             plan.rule.stages(), plan.rule.horizon(), config.schedule.micro_batches, plan.micro_batch_size,
             chosen.description);
  print_stages(plan);
  fmt::print("\nno problem found. Train with: mpirun -np {} interlock train {}\n",
             config.partition.placement().ranks(), arguments.config);
  return 0;
}

}  // namespace

void add_check_command(CLI::App& app, cli::Run& run) {
  const auto arguments = std::make_shared<ConfigArguments>();
  CLI::App* const command = app.add_subcommand(
      "check", "find mistakes before a run: config, shapes, memory, one batch of data; no MPI");
  add_config(*command, *arguments);
  command->callback([arguments, &run] { run = [arguments] { return check_command(*arguments); }; });
}

}  // namespace interlock::app
