#include <fmt/format.h>

#include "app/commands.h"
#include "common/ids.h"
#include "config/config.h"
#include "schedule/generator.h"
#include "schedule/text.h"
#include "schedule/validator.h"

namespace interlock::app {

int plan_command(const PlanArguments& arguments) {
  const config::Config config = config::load_config(arguments.config_file(), arguments.overrides);
  const int stages = config.partition.stages;
  if (arguments.ranks_only) {
    fmt::print("{}\n", ranks_for_stages(stages));
    return 0;
  }
  const schedule::GradientRule rule(stages, config.learning);
  const int micro_batches = config.schedule.micro_batches;
  const schedule::Schedule schedule = schedule::make_schedule(rule, micro_batches);
  const schedule::ReplayResult replay = schedule::validate(rule, micro_batches, schedule);
  fmt::print("{} ranks: a coordinator and {} stages; horizon {}, {} micro-batches; at most {} in flight\n",
             ranks_for_stages(stages), stages, rule.horizon(), micro_batches, replay.peak_in_flight);
  fmt::print(
      "F forward, L loss, I@l input gradient of loss l, W weight gradient, B both at once, U update\n\n");
  for (int stage = 0; stage < stages; ++stage) {
    fmt::print("stage {}: {}\n", stage, schedule::to_text(schedule[static_cast<std::size_t>(stage)]));
  }
  return 0;
}

}  // namespace interlock::app
