#include "report/planned.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/files.h"
#include "schedule/planner.h"
#include "schedule/schedule_file.h"
#include "schedule/validator.h"
#include "trace/merge.h"
#include "trace/planned.h"

namespace interlock::report {
namespace {

using schedule::StageCosts;

double of_stage(const std::vector<double>& milliseconds, int stage) {
  return (milliseconds.size() == 1 ? milliseconds.front()
                                   : milliseconds.at(static_cast<std::size_t>(stage))) /
         1000;
}

// A single number for the heads says nothing of the last stage, which has none.
std::vector<StageCosts> costs_of(const config::ActionTimes& times, int stages) {
  std::vector<StageCosts> costs;
  for (int k = 0; k < stages; ++k) {
    StageCosts stage;
    stage.forward = of_stage(times.forward_ms, k);
    stage.loss = k == stages - 1 && times.head_ms.size() == 1 ? 0 : of_stage(times.head_ms, k);
    stage.input_gradient = stage.stacked_input_gradient = of_stage(times.input_gradient_ms, k);
    stage.weight_gradient = of_stage(times.weight_gradient_ms, k);
    stage.backward = of_stage(times.backward_ms, k);
    stage.update = of_stage(times.update_ms, k);
    costs.push_back(stage);
  }
  return costs;
}

// The stages of a profile that `interlock profile` wrote; none where it is not there or of another cut.
std::vector<StageCosts> profiled_costs(const std::string& path, int stages) {
  std::string text;
  std::string reason;
  if (!read_file(path, text, reason)) return {};
  std::vector<StageCosts> costs;
  try {
    for (const nlohmann::json& stage : nlohmann::json::parse(text).at("stages")) {
      const auto seconds = [&](const char* name) { return stage.at(name).get<double>() / 1000; };
      costs.push_back({seconds("forward_ms"), seconds("head_ms"), seconds("input_gradient_ms"),
                       seconds("weight_gradient_ms"), seconds("backward_ms"), seconds("update_ms"),
                       seconds("input_gradient_ms")});
    }
  } catch (const nlohmann::json::exception&) {
    return {};
  }
  return costs.size() == static_cast<std::size_t>(stages) ? costs : std::vector<StageCosts>{};
}

schedule::Costs known_costs(const config::Config& config, int stages, Planned& planned) {
  schedule::Costs costs = schedule::equal_costs(stages);
  planned.costs = "assumed: all stages alike, a weight gradient twice a forward";
  const auto know = [&](std::vector<StageCosts> known, const std::string& source) {
    if (known.empty()) return;
    costs.stages = std::move(known);
    costs.link_seconds.assign(costs.link_seconds.size(), config.schedule.latency_us * 1e-6);
    planned.costs = source;
    planned.known_times = true;
  };
  if (config.schedule.costs) {
    know(costs_of(*config.schedule.costs, stages), "schedule.costs of its config");
  } else if (!config.schedule.costs_file.empty()) {
    know(profiled_costs(config.schedule.costs_file, stages), "measured: " + config.schedule.costs_file);
  } else if (config.run.device == config::DeviceKind::kSimulated && config.run.simulated) {
    know(costs_of(*config.run.simulated, stages), "run.simulated of its config");
  }
  return costs;
}

// A stage that takes no weight gradient has nothing that learns.
std::vector<bool> learning_stages(const schedule::Schedule& schedule) {
  std::vector<bool> learns;
  for (const schedule::StageProgram& program : schedule) {
    learns.push_back(std::any_of(program.begin(), program.end(), [](const schedule::Action& action) {
      return action.kind == schedule::ActionKind::kWeightGradient ||
             action.kind == schedule::ActionKind::kBackward;
    }));
  }
  return learns;
}

// The one that the run wrote down when it started; empty where there is none, or of another cut.
schedule::Schedule recorded_schedule(const Run& run) {
  const std::string path = run.folder + "/schedule.txt";
  std::string text;
  std::string reason;
  if (!read_file(path, text, reason)) return {};
  schedule::Schedule recorded = schedule::parse_schedule(text, path);
  return recorded.size() == static_cast<std::size_t>(run.config->partition.stages) ? recorded
                                                                                   : schedule::Schedule{};
}

Planned as_recorded(const Run& run, const schedule::Schedule& recorded) {
  Planned planned;
  planned.description = "as it was trained";
  const schedule::GradientRule rule(run.config->partition.stages, run.config->learning,
                                    learning_stages(recorded));
  schedule::validate(rule, run.config->schedule.micro_batches, recorded);
  const schedule::Costs costs = known_costs(*run.config, rule.stages(), planned);
  planned.simulation = schedule::simulate(rule, recorded, costs, {/*timeline=*/true, 0});
  return planned;
}

Planned from_config(const config::Config& config) {
  Planned planned;
  const int stages = config.partition.stages;
  const schedule::GradientRule rule(stages, config.learning);
  const schedule::Costs costs = known_costs(config, stages, planned);
  schedule::Schedule actions;
  if (config.schedule.file.empty()) {
    schedule::PlanRequest request;
    request.micro_batches = config.schedule.micro_batches;
    request.policy = config.schedule.policy;
    request.in_flight = config.schedule.in_flight;
    schedule::Plan plan = schedule::make_plan(rule, costs, request);
    planned.description = plan.description;
    actions = std::move(plan.schedule);
  } else {
    std::string text;
    std::string reason;
    if (!read_file(config.schedule.file, text, reason)) throw IoError(config.schedule.file + ": " + reason);
    actions = schedule::parse_schedule(text, config.schedule.file);
    planned.description = "from " + config.schedule.file;
  }
  planned.simulation = schedule::simulate(rule, actions, costs, {/*timeline=*/true, 0});
  if (!config.model.freeze.empty()) planned.costs += "; frozen layers are not considered";
  return planned;
}

Planned from_trace(const Run& run) {
  const trace::RunTrace read = trace::read_run_trace(run.folder);
  const auto stages = static_cast<int>(read.facts.schedule.size());
  const schedule::GradientRule rule(stages, run.config->learning, read.facts.learns);
  Planned planned;
  planned.known_times = true;
  planned.description = "as it was trained";
  planned.costs = read.facts.costs_known ? read.facts.costs_source : "measured: means of the traced steps";
  const schedule::Costs costs =
      read.facts.costs_known ? read.facts.costs : trace::measured_costs(read.ranks, read.facts.costs);
  planned.simulation = schedule::simulate(rule, read.facts.schedule, costs, {/*timeline=*/true, 0});
  return planned;
}

}  // namespace

Planned planned_schedule(const Run& run) {
  Planned none;
  if (!run.config) {
    none.problem = "its folder has no config.yaml";
    return none;
  }
  try {
    if (std::filesystem::exists(trace::facts_file(run.folder))) return from_trace(run);
  } catch (const std::exception&) {
    // A trace that is damaged or not complete yet: the config says enough.
  }
  try {
    const schedule::Schedule recorded = recorded_schedule(run);
    return recorded.empty() ? from_config(*run.config) : as_recorded(run, recorded);
  } catch (const std::exception& error) {
    none.problem = error.what();
    return none;
  }
}

}  // namespace interlock::report
