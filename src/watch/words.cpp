#include "watch/words.h"

#include <cstring>

#include <fmt/format.h>

#include "comm/control_wait.h"
#include "comm/tag_parts.h"

namespace interlock::watch {

using comm::TagParts;
using schedule::ActionKind;

const char* phase_name(Phase phase) {
  switch (phase) {
    case Phase::kStarting:
      return "starting";
    case Phase::kRestoring:
      return "restoring";
    case Phase::kIdle:
      return "idle";
    case Phase::kTraining:
      return "training";
    case Phase::kEvaluating:
      return "evaluating";
    case Phase::kSaving:
      return "saving";
    case Phase::kLeaving:
      return "leaving";
  }
  return "unknown";
}

std::string action_name(int action) {
  switch (static_cast<ActionKind>(action)) {
    case ActionKind::kForward:
      return "forward pass";
    case ActionKind::kLocalLoss:
      return "own loss";
    case ActionKind::kInputGradient:
      return "gradient for the stage below";
    case ActionKind::kWeightGradient:
      return "weight gradient";
    case ActionKind::kBackward:
      return "backward pass";
    case ActionKind::kUpdate:
      return "update of the weights";
  }
  return "";
}

std::string signal_name(int signal) {
  const char* const name = sigabbrev_np(signal);
  return name == nullptr ? fmt::format("signal {}", signal) : fmt::format("SIG{}", name);
}

std::string name_of(const Cast& cast, int ranks, int rank) {
  if (rank == index(kCoordinator)) return "the coordinator (rank 0)";
  if (!cast.is_known(ranks)) return fmt::format("rank {}", rank);
  const Place place = cast.placement.place_of(Rank{rank});
  if (cast.placement.replicas(place.stage) == 1) return fmt::format("rank {} (stage {})", rank, place.stage);
  return fmt::format("rank {} (stage {}, replica {})", rank, place.stage, place.replica);
}

std::string doing(const Activity& activity, bool coordinator) {
  const std::string action = action_name(activity.action);
  const std::string what = action.empty() ? ""
                           : activity.action == static_cast<int>(ActionKind::kUpdate)
                               ? ", " + action
                               : fmt::format(", {} of micro-batch {}", action, activity.micro_batch);
  switch (activity.phase) {
    case Phase::kStarting:
      return "start-up, before the first step";
    case Phase::kRestoring:
      return fmt::format("reading the checkpoint of step {}", activity.step);
    case Phase::kIdle:
      if (coordinator) return "coordinating";
      return activity.step == 0 ? "idle before the first step"
                                : fmt::format("idle after step {}", activity.step);
    case Phase::kTraining:
      return fmt::format("step {}{}", activity.step, what);
    case Phase::kEvaluating:
      return fmt::format("evaluation after step {}{}", activity.step, what);
    case Phase::kSaving:
      return fmt::format("saving the checkpoint of step {}", activity.step);
    case Phase::kLeaving:
      return "leaving, with all its work done";
  }
  return "unknown";
}

std::string waiting_for(const RankStatus& status, const Cast& cast, int ranks, int rank) {
  const Activity& activity = status.activity;
  if (activity.peer == kNothing) return "";
  if (activity.peer == comm::kAnyRank) return "reports of the workers";
  const std::string peer = name_of(cast, ranks, activity.peer);
  if (activity.tag == comm::kControlWait) return "word from " + peer;
  const TagParts parts = comm::parts_of_tag(activity.tag);
  // Activations go up and gradients down; whoever waits at the other end waits to get rid of one.
  const bool sends = (parts.kind == TagParts::Kind::kActivation && activity.peer > rank) ||
                     (parts.kind == TagParts::Kind::kGradient && activity.peer < rank);
  const std::string of = fmt::format("of micro-batch {}", parts.micro_batch);
  switch (parts.kind) {
    case TagParts::Kind::kActivation:
      return sends ? fmt::format("{} to take the activation {}", peer, of)
                   : fmt::format("the activation {} from {}", of, peer);
    case TagParts::Kind::kGradient:
      return sends ? fmt::format("{} to take the gradient {}", peer, of)
                   : fmt::format("the gradient {} from {}", of, peer);
    case TagParts::Kind::kTied:
      return "the gradient of the tied matrix, with " + peer;
    case TagParts::Kind::kOther:
      break;
  }
  return "a message for the update, with " + peer;
}

}  // namespace interlock::watch
