#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/plan_comparison.h"
#include "common/text.h"

namespace interlock::app {
namespace {

constexpr const char* kRow = "{:1} {:>4} {:>5}  {:<12} {:>12} {:>8} {:>8} {:>10} {:>12} {:>12}\n";

std::string in_words(const Comparison& comparison, const ComparedPlan& plan) {
  return fmt::format("N = {}, M = {}, {}: {} a step, {} in flight, {} of activations on the worst stage",
                     plan.horizon, plan.micro_batches, plan.policy, comparison.unit.show(plan.step_seconds),
                     plan.in_flight, format_bytes(plan.activation_bytes));
}

std::string against(const ComparedPlan& plan, const ComparedPlan& fastest) {
  return fmt::format("{:.2f}", fastest.step_seconds > 0 ? plan.step_seconds / fastest.step_seconds : 1.0);
}

// The quickest of `horizon` (0: of all); of those that are as quick but for a hundredth, which is no
// difference on a real machine, the one that keeps the least.
const ComparedPlan* best_of(const Comparison& comparison, int horizon) {
  constexpr double kSame = 1.01;
  const ComparedPlan* quickest = nullptr;
  const ComparedPlan* best = nullptr;
  for (const ComparedPlan& plan : comparison.plans) {
    if (horizon != 0 && plan.horizon != horizon) continue;
    if (quickest == nullptr) quickest = best = &plan;
    if (plan.step_seconds > kSame * quickest->step_seconds) break;
    if (plan.activation_bytes < best->activation_bytes) best = &plan;
  }
  return best;
}

// The sentences under the table: which is fastest, which is with end-to-end learning, what the config gives.
void print_verdict(const Comparison& comparison, int stages) {
  const ComparedPlan* const fastest = best_of(comparison, 0);
  const ComparedPlan* const whole = best_of(comparison, stages);
  fmt::print("\nfastest: {}\n", in_words(comparison, *fastest));
  if (whole == nullptr) {
    fmt::print("end-to-end learning (N = {}) is left out\n", stages);
  } else if (whole != fastest) {
    fmt::print("fastest that keeps end-to-end learning: {} ({} x the fastest)\n",
               in_words(comparison, *whole), against(*whole, *fastest));
  }
  for (const ComparedPlan& plan : comparison.plans) {
    if (!plan.configured || &plan == fastest || &plan == whole) continue;
    fmt::print("as configured: {} ({} x the fastest)\n", in_words(comparison, plan), against(plan, *fastest));
  }
  fmt::print("(of plans within 1 % of the quickest, the one with the fewest activations is named)\n");
}

}  // namespace

void print_comparison(const Comparison& comparison, int stages) {
  fmt::print(kRow, "", "N", "M", "policy", "step", "x best", "bubble", "in flight", "activations",
             "total work");
  for (const ComparedPlan& plan : comparison.plans) {
    fmt::print(kRow, plan.configured ? "*" : "", plan.horizon, plan.micro_batches, plan.policy,
               comparison.unit.show(plan.step_seconds), against(plan, comparison.plans.front()),
               fmt::format("{:.1f} %", 100 * plan.bubble), plan.in_flight,
               format_bytes(plan.activation_bytes), comparison.unit.show(plan.work_seconds));
  }
  fmt::print(
      "* the config's own; in flight and activations: on the worst stage; total work: of all stages\n");
  for (const LeftOut& out : comparison.left_out) {
    fmt::print("left out: {}\n  {}\n", out.reason, join(out.combinations, "; "));
  }
  print_verdict(comparison, stages);
}

std::string to_json(const Comparison& comparison) {
  nlohmann::ordered_json document;
  document["costs"] = comparison.costs;
  document["unit"] = comparison.unit.known ? "seconds" : "forwards";
  document["plans"] = nlohmann::ordered_json::array();
  for (const ComparedPlan& plan : comparison.plans) {
    document["plans"].push_back({{"horizon", plan.horizon},
                                 {"micro_batches", plan.micro_batches},
                                 {"policy", plan.policy},
                                 {"step_seconds", plan.step_seconds},
                                 {"bubble", plan.bubble},
                                 {"in_flight", plan.in_flight},
                                 {"activation_bytes", plan.activation_bytes},
                                 {"work_seconds", plan.work_seconds},
                                 {"configured", plan.configured}});
  }
  document["left_out"] = nlohmann::ordered_json::array();
  for (const LeftOut& out : comparison.left_out) {
    document["left_out"].push_back({{"reason", out.reason}, {"combinations", out.combinations}});
  }
  return document.dump(1) + "\n";
}

}  // namespace interlock::app
