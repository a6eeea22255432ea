#include "schedule/candidates.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "common/error.h"
#include "schedule/generator.h"
#include "schedule/list_scheduler.h"
#include "schedule/program.h"
#include "schedule/text.h"

namespace interlock::schedule {

using config::PolicyKind;

namespace {

Schedule each_stage(const GradientRule& rule, const std::function<StageProgram(int stage)>& program) {
  Schedule schedule;
  for (int stage = 0; stage < rule.stages(); ++stage) schedule.push_back(program(stage));
  return schedule;
}

int cap_of(const std::vector<int>& caps, int stage) {
  return caps[static_cast<std::size_t>(stage)];
}

// Caps for programs written down without trying them out: there a stage that runs further ahead than the one
// below would wait for a forward that waits for its gradient.
std::vector<int> not_ahead_of_stage_below(std::vector<int> caps) {
  for (std::size_t k = 1; k < caps.size(); ++k) caps[k] = std::min(caps[k], caps[k - 1]);
  return caps;
}

std::vector<Candidate> rhythms(const GradientRule& rule, int M, const std::vector<int>& own_caps) {
  const std::vector<int> caps = not_ahead_of_stage_below(own_caps);
  std::vector<Candidate> candidates;
  const int most = *std::max_element(caps.begin(), caps.end());
  const bool passes_on = rule.horizon() > 2;  // else there are no gradients of farther losses to pass on
  std::vector<int> lags;
  for (int lag = rule.horizon() == 1 ? 0 : std::min(1, most - 1); lag < most; ++lag) lags.push_back(lag);
  // The likeliest first: with thousands of stages not all are tried.
  std::stable_partition(lags.begin(), lags.end(), [&](int lag) { return lag + 1 == rule.horizon(); });
  for (const int lag : lags) {
    for (int delay = 1; delay <= (passes_on ? std::min(2, std::max(1, lag)) : 1); ++delay) {
      for (int hops = 0; hops <= (rule.horizon() > 3 ? 2 : 0); ++hops) {
        candidates.push_back(
            {PolicyKind::kPlanned, fmt::format("one rhythm, {} in flight", lag + 1), [=, &rule] {
               return each_stage(rule, [&](int k) {
                 const int own_lag = std::min(lag, cap_of(caps, k) - 1);
                 return rhythm_program(rule, k, M, {own_lag, delay, hops});
               });
             }});
      }
    }
  }
  return candidates;
}

Candidate alternation(const GradientRule& rule, int M, const std::vector<int>& caps, PolicyKind policy,
                      int split) {
  const std::string tail = split == 0 ? "" : fmt::format(", the last {} split", split);
  return {policy, "one forward, one backward" + tail, [=, &rule] {
            return each_stage(rule,
                              [&](int k) { return one_f_one_b_program(rule, k, M, cap_of(caps, k), split); });
          }};
}

std::vector<Candidate> lists(const GradientRule& rule, const Costs& costs, int M,
                             const std::vector<int>& caps, PolicyKind policy) {
  static constexpr std::pair<Preference, const char*> kPreferences[] = {
      {Preference::kForward, "forwards first"},
      {Preference::kGradient, "gradients first"},
      {Preference::kWeight, "weight gradients first"}};
  std::vector<Candidate> candidates;
  for (const auto& [preference, name] : kPreferences) {
    candidates.push_back({policy, name, [=, &rule, &costs, preference = preference] {
                            return list_schedule(rule, M, costs, caps, preference);
                          }});
  }
  return candidates;
}

std::vector<Candidate> candidates_for(const GradientRule& rule, const Costs& costs,
                                      const PlanRequest& request, PolicyKind policy) {
  const int M = request.micro_batches;
  const std::vector<int> caps = in_flight_caps(rule, costs, request, policy);
  switch (policy) {
    case PolicyKind::kGpipe:
      return {{policy, "all forwards, then all backwards",
               [=, &rule] { return each_stage(rule, [&](int k) { return gpipe_program(rule, k, M); }); }}};
    case PolicyKind::kOneForwardOneBackward:
      return {alternation(rule, M, not_ahead_of_stage_below(caps), policy, 0)};
    case PolicyKind::kZeroBubble: {
      std::vector<Candidate> candidates = lists(rule, costs, M, caps, policy);
      for (int split = 1; split <= std::min(2, M - 1); ++split) {
        candidates.push_back(alternation(rule, M, not_ahead_of_stage_below(caps), policy, split));
      }
      return candidates;
    }
    case PolicyKind::kPlanned:
    case PolicyKind::kAuto:
      break;
  }
  std::vector<Candidate> candidates = rhythms(rule, M, caps);
  for (Candidate& candidate : lists(rule, costs, M, caps, PolicyKind::kPlanned)) {
    candidates.push_back(std::move(candidate));
  }
  return candidates;
}

bool stacks_anywhere(const Costs& costs) {
  return std::any_of(costs.stages.begin(), costs.stages.end(), [](const StageCosts& stage) {
    return stage.stacked_input_gradient < stage.input_gradient;
  });
}

// Gradients of several losses through one stage in one pass, where that is quicker there. Not always a gain:
// a stack waits for the last of its gradients, and the stages below wait for the stack.
Schedule stack_where_quicker(const Costs& costs, Schedule schedule) {
  for (std::size_t k = 0; k < schedule.size(); ++k) {
    const StageCosts& stage = costs.stages[k];
    if (stage.stacked_input_gradient < stage.input_gradient) schedule[k] = stack_neighbours(schedule[k]);
  }
  return schedule;
}

}  // namespace

std::vector<PolicyKind> policies_for(const GradientRule& rule) {
  if (rule.end_to_end()) {
    return {PolicyKind::kOneForwardOneBackward, PolicyKind::kZeroBubble, PolicyKind::kGpipe};
  }
  return {PolicyKind::kPlanned, PolicyKind::kOneForwardOneBackward, PolicyKind::kGpipe};
}

std::vector<int> in_flight_caps(const GradientRule& rule, const Costs& costs, const PlanRequest& request,
                                PolicyKind policy) {
  std::vector<int> caps;
  for (int stage = 0; stage < rule.stages(); ++stage) {
    int cap = request.micro_batches;
    if (policy == PolicyKind::kPlanned) cap = std::min(cap, rule.horizon() + 1);
    if (policy == PolicyKind::kZeroBubble) cap = std::min(cap, rule.stages());
    if (request.in_flight > 0) cap = std::min(cap, request.in_flight);
    if (request.memory_cap_bytes > 0 && !costs.stored_bytes.empty()) {
      const double each = costs.stored_bytes[static_cast<std::size_t>(stage)];
      const double fit = each > 0 ? std::floor(request.memory_cap_bytes / each) : cap;
      if (fit < 1) {
        throw UsageError(fmt::format(
            "schedule.memory_cap_mib: rank {} (stage {}) cannot run F0: micro-batch 0 alone keeps {:.1f} MiB "
            "of "
            "activations there, the cap is {:.1f}; raise it, use more micro-batches, or training.recompute: "
            "true",
            rank_without_replicas(stage), stage, each / (1 << 20), request.memory_cap_bytes / (1 << 20)));
      }
      cap = std::min(cap, static_cast<int>(std::min<double>(fit, cap)));
    }
    if (policy == PolicyKind::kGpipe && cap < request.micro_batches) {
      throw UsageError(
          fmt::format("schedule.policy: gpipe keeps all {0} micro-batches in flight, but rank {1} (stage "
                      "{2}) may keep {3}: F{3} "
                      "of micro-batch {3} would not fit; use another policy, or raise schedule.in_flight or "
                      "schedule.memory_cap_mib",
                      request.micro_batches, rank_without_replicas(stage), stage, cap));
    }
    caps.push_back(cap);
  }
  return caps;
}

std::vector<Candidate> all_candidates(const GradientRule& rule, const Costs& costs,
                                      const PlanRequest& request) {
  std::vector<PolicyKind> policies = {request.policy};
  if (request.policy == PolicyKind::kAuto) {
    policies = rule.end_to_end()
                   ? std::vector<PolicyKind>{PolicyKind::kOneForwardOneBackward, PolicyKind::kZeroBubble}
                   : std::vector<PolicyKind>{PolicyKind::kPlanned};
  }
  std::vector<Candidate> all;
  for (const PolicyKind policy : policies) {
    for (Candidate& candidate : candidates_for(rule, costs, request, policy)) {
      all.push_back(candidate);
      if (!stacks_anywhere(costs)) continue;
      all.push_back(
          {policy, candidate.description + ", gradients stacked",
           [make = std::move(candidate.make), &costs] { return stack_where_quicker(costs, make()); }});
    }
  }
  return all;
}

}  // namespace interlock::schedule
