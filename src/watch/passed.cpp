// Where a rank is in its program, compared with where it sends a message.

#include <algorithm>

#include "comm/tag_parts.h"
#include "schedule/messages.h"
#include "watch/hang.h"

namespace interlock::watch {
namespace {

using comm::TagParts;
using schedule::Action;

// Whether the one who waits is the receiver: activations go up, gradients down.
bool receives(const TagParts& parts, int sender_stage, int waiting_stage) {
  if (parts.kind == TagParts::Kind::kActivation) return sender_stage == waiting_stage - 1;
  return parts.kind == TagParts::Kind::kGradient && sender_stage == waiting_stage + 1;
}

// Training on a step comes before all else that is done after it.
int order_in_step(Phase phase) {
  switch (phase) {
    case Phase::kTraining:
      return 0;
    case Phase::kEvaluating:
    case Phase::kSaving:
      return 1;
    default:
      return 2;
  }
}

// The places of the sender in its program: of the action it is at, and of the one that makes the message.
bool is_beyond(const Activity& sender, const Cast& cast, int stage, const schedule::Message& message) {
  if (!cast.rule || stage >= static_cast<int>(cast.schedule.size())) return false;
  const schedule::StageProgram& program = cast.schedule[static_cast<std::size_t>(stage)];
  const auto makes = std::find_if(program.begin(), program.end(), [&](const Action& action) {
    const std::vector<schedule::Message> made = schedule::messages_produced(*cast.rule, stage, action);
    return std::find(made.begin(), made.end(), message) != made.end();
  });
  const auto at = std::find_if(program.begin(), program.end(), [&](const Action& action) {
    const bool update = action.kind == schedule::ActionKind::kUpdate;
    return static_cast<int>(action.kind) == sender.action &&
           (update || action.micro_batch == sender.micro_batch) &&
           (action.kind != schedule::ActionKind::kInputGradient || action.loss == sender.loss);
  });
  return makes != program.end() && at != program.end() && makes < at;
}

}  // namespace

bool has_passed(const std::vector<RankStatus>& ranks, const Cast& cast, int sender, int waiting) {
  if (sender <= 0 || waiting <= 0 || !cast.is_known(static_cast<int>(ranks.size()))) return false;
  const Activity& from = ranks[static_cast<std::size_t>(sender)].activity;
  const Activity& to = ranks[static_cast<std::size_t>(waiting)].activity;
  const TagParts parts = comm::parts_of_tag(to.tag);
  const int stage = cast.stage_of(waiting);
  if (!receives(parts, cast.stage_of(sender), stage)) return false;
  if (from.phase == Phase::kStarting || from.phase == Phase::kRestoring) return false;
  if (from.step != to.step) return from.step > to.step;
  if (order_in_step(from.phase) != order_in_step(to.phase))
    return order_in_step(from.phase) > order_in_step(to.phase);
  if (from.phase == Phase::kEvaluating) return from.micro_batch > parts.micro_batch;
  if (from.phase != Phase::kTraining) return false;
  schedule::Message message;
  message.kind = parts.kind == TagParts::Kind::kActivation ? schedule::MessageKind::kActivation
                                                           : schedule::MessageKind::kGradient;
  message.stage = stage;
  message.micro_batch = parts.micro_batch;
  message.loss = parts.kind == TagParts::Kind::kActivation ? 0 : stage + parts.hops;
  return is_beyond(from, cast, cast.stage_of(sender), message);
}

}  // namespace interlock::watch
