#include "worker/prepared_program.h"

#include <algorithm>

#include <fmt/format.h>

#include "schedule/messages.h"
#include "support/catch.h"
#include "support/small_runs.h"
#include "training/schedule_choice.h"

namespace interlock::worker {
namespace {

using schedule::Message;

// Where a channel keeps an order, a receive that is posted out of it gets another message's bytes.
TEST_CASE("arrivals are the program's receives in the order in which the neighbours send them") {
  for (int horizon = 1; horizon <= 4; ++horizon) {
    for (const char* const policy : {"auto", "gpipe", "1f1b"}) {
      training::RunPlan plan = test::make_plan(
          std::string(test::kMlp) +
          fmt::format(
              "partition: {{stages: 4}}\nlearning: {{horizon: {}, mix: sum}}\nschedule: {{micro_batches: "
              "5, policy: {}}}\ntraining: {{batch_size: 10}}\n",
              horizon, policy));
      plan.schedule = training::choose_schedule(plan).schedule;
      INFO(fmt::format("N={} {}", horizon, policy));
      for (int stage = 0; stage < 4; ++stage) {
        const PreparedProgram prepared = prepare_training(plan, stage, 5);
        CHECK(prepared.arrivals.size() == prepared.receives.size());
        CHECK(std::is_permutation(prepared.arrivals.begin(), prepared.arrivals.end(),
                                  prepared.receives.begin(), prepared.receives.end()));
        std::vector<Message> sent;  // to this stage, by all others, sender by sender
        for (int sender = 0; sender < 4; ++sender) {
          for (const schedule::Action& action : plan.schedule[static_cast<std::size_t>(sender)]) {
            for (const Message& message : schedule::messages_produced(plan.rule, sender, action)) {
              if (message.stage == stage) sent.push_back(message);
            }
          }
        }
        CHECK((prepared.arrivals == sent));
      }
    }
  }
}

}  // namespace
}  // namespace interlock::worker
