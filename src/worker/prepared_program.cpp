#include "worker/prepared_program.h"

#include <algorithm>

#include "schedule/generator.h"
#include "schedule/program.h"
#include "trace/record.h"

namespace interlock::worker {
namespace {

PreparedProgram prepare(const schedule::GradientRule& rule, int stage,
                        const schedule::StageProgram& program) {
  PreparedProgram prepared{{}, schedule::receive_order(rule, stage, program), {}};
  auto next = prepared.receives.begin();  // they are in the order of first use
  for (const schedule::Action& action : program) {
    PreparedAction one{action, {}, trace::name_of(action)};
    const std::vector<schedule::Message> consumed = schedule::messages_consumed(rule, stage, action);
    while (next != prepared.receives.end() &&
           std::find(consumed.begin(), consumed.end(), *next) != consumed.end()) {
      one.takes.push_back(*next++);
    }
    prepared.actions.push_back(std::move(one));
  }
  return prepared;
}

// `program_of`: any stage's.
template <class ProgramOf>
PreparedProgram prepare_with_neighbours(const schedule::GradientRule& rule, int stage,
                                        const ProgramOf& program_of) {
  PreparedProgram prepared = prepare(rule, stage, program_of(stage));
  for (const int sender : {stage - 1, stage + 1}) {
    if (sender < 0 || sender >= rule.stages()) continue;
    for (const schedule::Action& action : program_of(sender)) {
      for (const schedule::Message& message : schedule::messages_produced(rule, sender, action)) {
        const bool is_ours =
            std::find(prepared.receives.begin(), prepared.receives.end(), message) != prepared.receives.end();
        if (is_ours) prepared.arrivals.push_back(message);
      }
    }
  }
  return prepared;
}

}  // namespace

PreparedProgram prepare_training(const training::RunPlan& plan, int stage, int micro_batches) {
  return prepare_with_neighbours(plan.rule, stage, [&](int any) {
    return schedule::first_micro_batches(plan.schedule.at(static_cast<std::size_t>(any)), micro_batches);
  });
}

PreparedProgram prepare_evaluation(const training::RunPlan& plan, int stage, int micro_batches) {
  return prepare_with_neighbours(
      plan.rule, stage, [&](int any) { return schedule::evaluation_program(plan.rule, any, micro_batches); });
}

}  // namespace interlock::worker
