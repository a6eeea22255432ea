// `plan`: what a schedule will cost and what it looks like, before any rank exists.

#include <algorithm>
#include <string>
#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/balance.h"
#include "app/commands.h"
#include "app/plan_comparison.h"
#include "app/plan_figures.h"
#include "app/run_folder.h"
#include "common/error.h"
#include "common/files.h"
#include "common/ids.h"
#include "common/text.h"
#include "schedule/schedule_file.h"
#include "schedule/text.h"
#include "schedule/validator.h"

namespace interlock::app {
namespace {

struct PlanArguments : ConfigArguments {
  bool ranks_only = false;
  bool folder_only = false;  // print only run.dir, for launch scripts
  bool compare = false;
  bool programs = false;  // print every stage's actions, however many stages there are
  std::string svg;        // a picture; "": none is written
  std::string write;      // the schedule as a file for schedule.file; "": none
  std::string json;       // the prediction, or the comparison; "": none
};

constexpr int kFewStages = 8;    // whose programs are always printed
constexpr int kMostStages = 40;  // lines of a table or a timeline in the terminal
constexpr int kSvgStages = 128;
constexpr const char* kLegend =
    "F forward, L loss, I@l input gradient of loss l, W weight gradient, B both at once, U update";

// Everything there is to say about one plan.
struct Prediction {
  training::RunPlan plan;
  training::KnownCosts known;
  schedule::Plan chosen;  // with its timeline
  TimeUnit unit;

  [[nodiscard]] const schedule::Simulation& simulation() const { return chosen.simulation; }
  [[nodiscard]] int stages() const { return plan.rule.stages(); }
  [[nodiscard]] double samples_per_second() const {
    const double step = simulation().step_seconds;
    return step > 0 ? static_cast<double>(plan.config.training.batch_size) / step : 0;
  }
  [[nodiscard]] std::string headline() const {
    const Placement placement = plan.config.partition.placement();
    const std::string replicas =
        placement.replicated() ? fmt::format(" on {} replicas in all", placement.workers()) : "";
    return fmt::format("{} stages{}, horizon {}, {} micro-batches of {}", stages(), replicas,
                       plan.rule.horizon(), plan.config.schedule.micro_batches, plan.micro_batch_size);
  }
};

int terminal_width() {
  constexpr int kDefault = 100;
  constexpr int kMost = 400;
  winsize size{};
  if (isatty(STDOUT_FILENO) == 0 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return kDefault;
  return std::min<int>(size.ws_col, kMost);
}

Prediction predict(const config::Config& config, const data::DatasetInfo& data) {
  const training::RunPlan plan = training::make_run_plan(config, data);
  const training::KnownCosts known = training::known_costs(plan);
  Prediction prediction{plan, known, training::choose_schedule(plan, known.costs), {}};
  schedule::Plan& chosen = prediction.chosen;
  schedule::validate(plan.rule, config.schedule.micro_batches, chosen.schedule);
  chosen.simulation = schedule::simulate(plan.rule, chosen.schedule, prediction.known.costs, {true, 0});
  prediction.unit = time_unit(prediction.known, chosen.simulation.step_seconds);
  return prediction;
}

void print_stages(const Prediction& p) {
  fmt::print("{:>5}  {:>9}  {:>12}  {:>11}  {:>9}  {:>11}\n", "stage", "layers", "work a step", "utilisation",
             "in flight", "activations");
  const std::vector<int> shown = schedule::shown_stages(p.stages(), kMostStages);
  for (const int stage : shown) {
    if (stage < 0) {
      fmt::print("  ... {} more stages ...\n", p.stages() - static_cast<int>(shown.size()) + 1);
      continue;
    }
    const models::StageBlueprint& blueprint = p.plan.blueprint.stages[static_cast<std::size_t>(stage)];
    const schedule::StageUse& use = p.simulation().stages[static_cast<std::size_t>(stage)];
    fmt::print("{:>5}  {:>9}  {:>12}  {:>11}  {:>9}  {:>11}\n", stage,
               fmt::format("{}..{}", blueprint.first_layer,
                           blueprint.first_layer + static_cast<int>(blueprint.main.size()) - 1),
               p.unit.show(use.work_seconds), fmt::format("{:.1f} %", 100 * use.utilisation),
               use.peak_in_flight, format_bytes(use.peak_bytes));
  }
}

// Why there is a bubble that no order of actions removes.
void explain_tied_stages(const std::vector<int>& tied) {
  if (tied.size() < 2) return;
  std::vector<std::string> names;
  for (const int stage : tied) names.push_back(std::to_string(stage));
  fmt::print(
      "stages {} hold copies of one matrix and wait for each other before each update; model.tied: "
      "false, and heads without unembed, avoid that\n",
      join(names, ", "));
}

void explain_waiting(const config::TrainingConfig& training) {
  if (training.clip_norm > 0 && training.clip_scope == config::ClipScope::kGlobal) {
    fmt::print(
        "training.clip_scope: global makes all stages wait for each other before each update; clip_scope: "
        "stage "
        "does not\n");
  }
  if (training.precision == config::Precision::kFloat16) {
    fmt::print(
        "float16: stages that share a loss wait for each other before each update, to agree on overflow; "
        "training.precision: bfloat16 needs no such agreement\n");
  }
}

void print_prediction(const Prediction& p, bool programs) {
  const schedule::Simulation& simulation = p.simulation();
  fmt::print("{} ranks: a coordinator and {}\n", p.plan.config.partition.placement().ranks(), p.headline());
  fmt::print("schedule: {}; costs: {}\n", p.chosen.description, p.known.source);
  fmt::print("step {}, bound {} (the busiest stage's work), bubble {:.1f} %",
             p.unit.show(simulation.step_seconds), p.unit.show(simulation.bound_seconds),
             100 * simulation.bubble());
  fmt::print("{}\n\n", p.unit.known ? fmt::format(", {:.4g} samples a second", p.samples_per_second())
                                    : "; F is what the forward of a micro-batch takes");
  print_stages(p);
  explain_tied_stages(training::tied_stages(p.plan));
  explain_waiting(p.plan.config.training);
  fmt::print("\none steady step, a letter an action, a capital where it begins, '.' waiting:\n{}",
             schedule::timeline_text(simulation,
                                     {p.unit.per_second, p.unit.name, terminal_width(), kMostStages, ""}));
  fmt::print("{}\n", kLegend);
  if (!programs && p.stages() > kFewStages) return;
  fmt::print("\n{}", schedule::to_text(p.chosen.schedule));
}

std::string as_json(const Prediction& p) {
  nlohmann::ordered_json document{{"stages", p.stages()},
                                  {"horizon", p.plan.rule.horizon()},
                                  {"micro_batches", p.plan.config.schedule.micro_batches},
                                  {"policy", policy_name(p.chosen)},
                                  {"description", p.chosen.description},
                                  {"costs", p.known.source},
                                  {"unit", p.unit.known ? "seconds" : "forwards"},
                                  {"step_seconds", p.simulation().step_seconds},
                                  {"bound_seconds", p.simulation().bound_seconds},
                                  {"bubble", p.simulation().bubble()}};
  document["samples_per_second"] = p.unit.known ? nlohmann::ordered_json(p.samples_per_second()) : nullptr;
  for (const schedule::StageUse& use : p.simulation().stages) {
    document["per_stage"].push_back({{"work_seconds", use.work_seconds},
                                     {"utilisation", use.utilisation},
                                     {"in_flight", use.peak_in_flight},
                                     {"activation_bytes", use.peak_bytes}});
  }
  return document.dump(1) + "\n";
}

std::string as_schedule_file(const Prediction& p) {
  return fmt::format("# {}; use it with schedule.file\n# {}; costs: {}; predicted step {}\n# {}\n{}",
                     p.headline(), p.chosen.description, p.known.source,
                     p.unit.show(p.simulation().step_seconds), kLegend, schedule::to_text(p.chosen.schedule));
}

std::string as_svg(const Prediction& p) {
  const std::string title =
      fmt::format("{}; {}; step {}, bubble {:.1f} %", p.headline(), p.chosen.description,
                  p.unit.show(p.simulation().step_seconds), 100 * p.simulation().bubble());
  return schedule::timeline_svg(p.simulation(), {p.unit.per_second, p.unit.name, 0, kSvgStages, title});
}

void write(const std::string& path, const std::string& content) {
  write_file_atomically(path, content);
  fmt::print("\nwritten to {}\n", path);
}

int plan_command(const PlanArguments& arguments) {
  if (arguments.ranks_only || arguments.folder_only) {
    const config::Config config = config::load_config(arguments.config_file(), arguments.overrides);
    fmt::print("{}\n",
               arguments.ranks_only ? std::to_string(config.partition.placement().ranks()) : config.run.dir);
    return 0;
  }
  config::Config config = load_run_config(arguments.config_file(), arguments.overrides);
  const data::DataSource source = data::open_data(config);
  if (arguments.compare) {
    if (config.schedule.costs_file.empty()) balance(config, source.info);
    const Comparison comparison = compare_plans(config, source.info);
    fmt::print("{} stages, batches of {}; costs: {}\n\n", config.partition.stages, config.training.batch_size,
               comparison.costs);
    print_comparison(comparison, config.partition.stages);
    if (!arguments.json.empty()) write(arguments.json, to_json(comparison));
    return 0;
  }
  balance(config, source.info);
  const Prediction prediction = predict(config, source.info);
  print_prediction(prediction, arguments.programs);
  if (!arguments.write.empty()) write(arguments.write, as_schedule_file(prediction));
  if (!arguments.svg.empty()) write(arguments.svg, as_svg(prediction));
  if (!arguments.json.empty()) write(arguments.json, as_json(prediction));
  return 0;
}

}  // namespace

void add_plan_command(CLI::App& app, cli::Run& run) {
  const auto arguments = std::make_shared<PlanArguments>();
  CLI::App* const command =
      app.add_subcommand("plan", "predict step time and memory of a schedule, and draw it; no MPI");
  add_config(*command, *arguments);
  CLI::Option* const ranks =
      command->add_flag("--ranks", arguments->ranks_only, "print only the number of ranks to launch");
  command->add_flag("--folder", arguments->folder_only, "print only the run's folder")->excludes(ranks);
  CLI::Option* const compare = command->add_flag(
      "--compare", arguments->compare, "a table of horizons, micro-batches and policies instead of one plan");
  CLI::Option* const programs =
      command->add_flag("--programs", arguments->programs, "print the actions of every stage");
  CLI::Option* const svg = command->add_option("--svg", arguments->svg, "write the timeline as a picture");
  CLI::Option* const write =
      command->add_option("--write", arguments->write, "write the schedule, for schedule.file");
  CLI::Option* const json = command->add_option("--json", arguments->json, "write the figures as JSON");
  for (CLI::Option* option : {programs, svg, write}) option->excludes(compare)->excludes(ranks);
  for (CLI::Option* option : {compare, json}) option->excludes(ranks);
  command->callback([arguments, &run] { run = [arguments] { return plan_command(*arguments); }; });
}

}  // namespace interlock::app
