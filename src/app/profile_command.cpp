// `profile`: times every action of every stage, and every layer by itself, on this machine; one process, no
// MPI.

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "app/balance.h"
#include "app/commands.h"
#include "app/run_folder.h"
#include "app/single_device.h"
#include "common/log.h"
#include "worker/profiler.h"

namespace interlock::app {
namespace {

struct ProfileArguments : ConfigArguments {
  std::string out = "profile.json";
  int repeats = 15;
};

void print_costs(const std::string& name, const schedule::StageCosts& costs, const std::string& note) {
  fmt::print("{:<12} {:>9.3f} {:>9.3f} {:>9.3f} {:>9.3f} {:>9.3f} {:>9.3f} {:>9.3f}  {}\n", name,
             1000 * costs.forward, 1000 * costs.loss, 1000 * costs.input_gradient,
             1000 * costs.stacked_input_gradient, 1000 * costs.weight_gradient, 1000 * costs.backward,
             1000 * costs.update, note);
}

int profile_command(const ProfileArguments& arguments) {
  config::Config config = load_run_config(arguments.config_file(), arguments.overrides);
  require_real_device(config, "measure");
  at::set_num_threads(config.run.threads);
  const data::DataSource source = data::open_data(config);
  balance(config, source.info);
  const training::RunPlan plan = training::make_run_plan(config, source.info);
  worker::ProfileOptions options;
  options.repeats = arguments.repeats;
  const std::unique_ptr<device::Device> device = open_single_device(config);
  const training::Profile profile = worker::measure_profile(plan, options, *device);

  fmt::print("milliseconds a micro-batch of {} (medians of {}); update: a batch\n", profile.micro_batch_size,
             options.repeats);
  fmt::print("{:<12} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}\n", "", "F", "L", "I", "I stacked", "W", "B",
             "U");
  for (std::size_t k = 0; k < profile.stages.size(); ++k) {
    print_costs(fmt::format("stage {}", k), profile.stages[k], fmt::format("{} layers", profile.cut[k]));
  }
  for (std::size_t i = 0; i < profile.layers.size(); ++i) {
    const std::string kind = plan.blueprint.network.layers[i].kind;
    print_costs(fmt::format("layer {}", i), profile.layers[i].costs,
                profile.layers[i].head_fits ? kind : kind + " (no head fits after it)");
  }
  training::write_profile(arguments.out, profile);
  fmt::print("\nwritten to {}; plan with it: interlock plan {} schedule.costs={}\n", arguments.out,
             arguments.config, arguments.out);
  return 0;
}

}  // namespace

void add_profile_command(CLI::App& app, cli::Run& run) {
  const auto arguments = std::make_shared<ProfileArguments>();
  CLI::App* const command =
      app.add_subcommand("profile", "time each action of each stage and layer on this machine; no MPI");
  add_config(*command, *arguments);
  command->add_option("--out", arguments->out, "the file for schedule.costs (default profile.json)");
  command
      ->add_option("--repeats", arguments->repeats,
                   "timings of each action, of which the median counts (default 15)")
      ->check(CLI::Range(1, 10000));
  command->callback([arguments, &run] { run = [arguments] { return profile_command(*arguments); }; });
}

}  // namespace interlock::app
