#include "app/cli.h"

#include <algorithm>
#include <filesystem>
#include <functional>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/commands.h"
#include "app/failure.h"
#include "common/log.h"
#include "config/location.h"

namespace interlock::app {
namespace {

constexpr const char* kFooter =
    "Every command but export takes CONFIG and then any number of key.path=value overrides, which win over "
    "the file.\n"
    "Under MPI: mpirun -np RANKS interlock train CONFIG; `interlock plan --ranks CONFIG` prints RANKS.\n"
    "Exit codes: 0 done, 2 command line or config, 3 data or checkpoint, 4 I/O, 5 a rank died, 6 hang, 75 "
    "requeue.";

void add_config(CLI::App& command, ConfigArguments& arguments) {
  command.add_option("CONFIG", arguments.config, "a config file, or a run's folder")->required();
  command.add_option("OVERRIDES", arguments.overrides, "key.path=value ...");
}

// What is wrong with the command's name, "" if nothing is. CLI11 itself only says that one is required.
std::string unknown_command(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return "";
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  if (std::find(names.begin(), names.end(), argv[1]) != names.end()) return "";
  return fmt::format("unknown command '{}'{}", argv[1], config::suggest(argv[1], names));
}

}  // namespace

std::string ConfigArguments::config_file() const {
  return std::filesystem::is_directory(config) ? config + "/config.yaml" : config;
}

int run_command_line(int argc, char** argv) {
  CLI::App app{
      "interlock: trains one deep network cut depthwise into stages, with gradients of a bounded horizon",
      "interlock"};
  app.footer(kFooter);
  app.require_subcommand(1);
  app.set_version_flag("--version", "interlock 0.1.0");
  std::function<int()> run;

  TrainArguments train;
  CLI::App* command = app.add_subcommand("train", "train a network (under mpirun, or --single-process)");
  add_config(*command, train);
  command->add_flag("--single-process", train.single_process, "the same mathematics in one process, no MPI");
  command->add_flag("--resume{auto}", train.resume,
                    "go on from the newest checkpoint of the run; --resume=PATH names one");
  command->callback([&] { run = [&] { return train_command(train); }; });

  EvalArguments eval;
  command = app.add_subcommand("eval", "evaluate a checkpoint (in one process, or pipelined under mpirun)");
  add_config(*command, eval);
  command->add_option("--checkpoint", eval.checkpoint,
                      "a checkpoint's folder (default: the newest of the run)");
  command->callback([&] { run = [&] { return eval_command(eval); }; });

  VerifyArguments verify;
  command = app.add_subcommand("verify",
                               "train some steps both on ranks and in one process, and compare every tensor");
  add_config(*command, verify);
  command->add_option("--steps", verify.steps, "optimizer steps (default 3)")->check(CLI::Range(1, 1000000));
  command->callback([&] { run = [&] { return verify_command(verify); }; });

  ConfigArguments check;
  command = app.add_subcommand(
      "check", "find mistakes before a run: config, shapes, memory, one batch of data; no MPI");
  add_config(*command, check);
  command->callback([&] { run = [&] { return check_command(check); }; });

  ExportArguments export_arguments;
  command = app.add_subcommand("export", "write a checkpoint's weights as one safetensors file");
  command->add_option("RUN", export_arguments.run, "a run's folder, or a checkpoint's")->required();
  command->add_option("--out", export_arguments.out, "the file to write")->required();
  command
      ->add_option("--format", export_arguments.format,
                   "interlock (layers.<i>..., heads.<k>...), torchvision (ResNets) or gpt2 (language models: "
                   "--out is a folder that Hugging Face's GPT2LMHeadModel.from_pretrained reads)")
      ->check(CLI::IsMember({"interlock", "torchvision", "gpt2"}));
  command->callback([&] { run = [&] { return export_command(export_arguments); }; });

  GenerateArguments generate;
  command = app.add_subcommand("generate", "samples of text from a checkpoint of a language model; no MPI");
  add_config(*command, generate);
  command->add_option("--checkpoint", generate.checkpoint,
                      "a checkpoint's folder (default: the newest of the run)");
  command->add_option("--prompt", generate.prompt, "text to go on from (default: the end of a line)");
  command->add_option("--tokens", generate.tokens, "tokens to add (default 200)")
      ->check(CLI::Range(1, 100000000));
  command->add_option("--samples", generate.samples, "how many texts (default 1)")
      ->check(CLI::Range(1, 100000));
  command
      ->add_option("--temperature", generate.sampling.temperature,
                   "below 1 likelier text, above 1 more varied, 0 always the likeliest token (default 1)")
      ->check(CLI::Range(0.0, 1000.0));
  command->add_option("--top-k", generate.sampling.top_k, "draw among the k likeliest tokens (default: all)")
      ->check(CLI::Range(1, 100000000));
  command->add_option("--seed", generate.sampling.seed, "of the draws (default 1)");
  command->callback([&] { run = [&] { return generate_command(generate); }; });

  ProfileArguments profile;
  command = app.add_subcommand("profile", "time each action of each stage and layer on this machine; no MPI");
  add_config(*command, profile);
  command->add_option("--out", profile.out, "the file for schedule.costs (default profile.json)");
  command
      ->add_option("--repeats", profile.repeats,
                   "timings of each action, of which the median counts (default 15)")
      ->check(CLI::Range(1, 10000));
  command->callback([&] { run = [&] { return profile_command(profile); }; });

  PlanArguments plan;
  command = app.add_subcommand("plan", "predict step time and memory of a schedule, and draw it; no MPI");
  add_config(*command, plan);
  CLI::Option* const ranks =
      command->add_flag("--ranks", plan.ranks_only, "print only the number of ranks to launch");
  CLI::Option* const compare = command->add_flag(
      "--compare", plan.compare, "a table of horizons, micro-batches and policies instead of one plan");
  CLI::Option* const programs =
      command->add_flag("--programs", plan.programs, "print the actions of every stage");
  CLI::Option* const svg = command->add_option("--svg", plan.svg, "write the timeline as a picture");
  CLI::Option* const write =
      command->add_option("--write", plan.write, "write the schedule, for schedule.file");
  CLI::Option* const json = command->add_option("--json", plan.json, "write the figures as JSON");
  for (CLI::Option* option : {programs, svg, write}) option->excludes(compare)->excludes(ranks);
  for (CLI::Option* option : {compare, json}) option->excludes(ranks);
  command->callback([&] { run = [&] { return plan_command(plan); }; });

  SweepArguments sweep;
  command =
      app.add_subcommand("sweep", "train many variants of one config and compare them on held-out samples");
  command->add_option("GRID", sweep.grid, "a grid file: base config, values to try, score")->required();
  command->add_option("OVERRIDES", sweep.overrides,
                      "key.path=value for every run, key=value for the grid ...");
  CLI::Option* const only =
      command->add_option("--only", sweep.only, "carry out the run with this index alone")
          ->check(CLI::Range(0, 9999));
  CLI::Option* const table =
      command->add_flag("--table", sweep.table, "only show the table of what is there");
  CLI::Option* const dry_run = command->add_flag("--dry-run", sweep.dry_run, "only list the runs");
  CLI::Option* const slurm = command->add_option("--slurm", sweep.slurm,
                                                 "only write this SLURM script: a job array, one task a run");
  table->excludes(only);
  dry_run->excludes(only)->excludes(table);
  slurm->excludes(only)->excludes(table)->excludes(dry_run);
  command->callback([&] { run = [&] { return sweep_command(sweep); }; });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    const std::string unknown = unknown_command(app, argc, argv);
    log_error(fmt::format("{} (see interlock --help)", unknown.empty() ? error.what() : unknown));
    return static_cast<int>(ExitCode::kUsage);
  }
  try {
    return run();
  } catch (...) {
    const Failure failure = describe_failure(std::current_exception(), ExitCode::kInternal);
    log_error(failure.message);
    return static_cast<int>(failure.code);
  }
}

}  // namespace interlock::app
