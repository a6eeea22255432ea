#include "worker/prepared_program.h"

#include <algorithm>

#include "schedule/generator.h"
#include "schedule/program.h"

namespace interlock::worker {
namespace {

PreparedProgram prepare(const schedule::GradientRule& rule, int stage,
                        const schedule::StageProgram& program) {
  PreparedProgram prepared{{}, schedule::receive_order(rule, stage, program)};
  auto next = prepared.receives.begin();  // they are in the order of first use
  for (const schedule::Action& action : program) {
    PreparedAction one{action, {}};
    const std::vector<schedule::Message> consumed = schedule::messages_consumed(rule, stage, action);
    while (next != prepared.receives.end() &&
           std::find(consumed.begin(), consumed.end(), *next) != consumed.end()) {
      one.takes.push_back(*next++);
    }
    prepared.actions.push_back(std::move(one));
  }
  return prepared;
}

}  // namespace

PreparedProgram prepare_training(const training::RunPlan& plan, int stage, int micro_batches) {
  const schedule::StageProgram& full = plan.schedule.at(static_cast<std::size_t>(stage));
  return prepare(plan.rule, stage, schedule::first_micro_batches(full, micro_batches));
}

PreparedProgram prepare_evaluation(const training::RunPlan& plan, int stage, int micro_batches) {
  return prepare(plan.rule, stage, schedule::evaluation_program(plan.rule, stage, micro_batches));
}

}  // namespace interlock::worker
