#include "trace/planned.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "schedule/simulator.h"
#include "trace/busy.h"

namespace interlock::trace {
namespace {

using schedule::ActionKind;

struct Mean {
  double seconds = 0;
  std::int64_t count = 0;
  [[nodiscard]] double value() const { return count == 0 ? 0 : seconds / static_cast<double>(count); }
};

constexpr std::size_t kStacked = schedule::kActionKinds;  // a place of their own
using Means = std::array<Mean, schedule::kActionKinds + 1>;

std::size_t place_of(const Record& record) {
  return record.stacked > 1 ? kStacked : record.what;
}

schedule::StageCosts costs_of(const Means& means) {
  const auto of = [&](ActionKind kind) { return means[static_cast<std::size_t>(kind)].value(); };
  return {of(ActionKind::kForward),        of(ActionKind::kLocalLoss), of(ActionKind::kInputGradient),
          of(ActionKind::kWeightGradient), of(ActionKind::kBackward),  of(ActionKind::kUpdate),
          means[kStacked].value()};
}

std::int64_t nanoseconds(double seconds) {
  return std::llround(1e9 * seconds);
}

}  // namespace

schedule::Costs measured_costs(const std::vector<RankTrace>& ranks, const schedule::Costs& assumed) {
  std::vector<Means> means(assumed.stages.size());
  for (const RankTrace& rank : ranks) {
    if (rank.stage < 0 || static_cast<std::size_t>(rank.stage) >= means.size()) continue;
    std::vector<std::int64_t> training;
    for (const OrderUse& use : rank.orders) {
      if (use.kind == schedule::OrderKind::kTrain) training.push_back(use.order);
    }
    const std::vector<double> waits = waits_within(rank);
    for (std::size_t i = 0; i < rank.records.size(); ++i) {
      const Record& record = rank.records[i];
      if (record.kind != RecordKind::kAction || record.what >= schedule::kActionKinds) continue;
      if (!std::binary_search(training.begin(), training.end(), record.order)) continue;
      Mean& mean = means[static_cast<std::size_t>(rank.stage)][place_of(record)];
      mean.seconds += 1e-9 * static_cast<double>(record.end - record.begin) - waits[i];
      mean.count += std::max(1, record.stacked);
    }
  }
  schedule::Costs costs = assumed;
  for (std::size_t k = 0; k < means.size(); ++k) costs.stages[k] = costs_of(means[k]);
  return costs;
}

PlannedTimeline planned_timeline(const RunFacts& facts, const schedule::GradientRule& rule,
                                 const std::vector<RankTrace>& ranks, int steps) {
  const schedule::Costs costs = facts.costs_known ? facts.costs : measured_costs(ranks, facts.costs);
  const schedule::Simulation simulation =
      schedule::simulate(rule, facts.schedule, costs, {/*timeline=*/true, 0});
  PlannedTimeline planned;
  planned.costs = facts.costs_known ? facts.costs_source : "measured: the means of these steps";
  planned.step_seconds = simulation.step_seconds;
  planned.stages.resize(simulation.timeline.size());

  // The last third of the simulated batches is steady; where more steps are asked for, it is repeated.
  const int batches = simulation.timeline.front().back().batch + 1;
  const int steady = std::max(1, batches / 3);
  const int first = batches - steady;
  const auto& stage0 = simulation.timeline.front();
  const auto begin = std::find_if(stage0.begin(), stage0.end(),
                                  [&](const schedule::Span& span) { return span.batch == first; });
  for (std::size_t k = 0; k < planned.stages.size(); ++k) {
    for (int round = 0; round * steady < steps; ++round) {
      const double shift = round * steady * simulation.step_seconds - begin->start;
      for (const schedule::Span& span : simulation.timeline[k]) {
        const int step = span.batch - first + round * steady;
        if (span.batch < first || step >= steps) continue;
        std::vector<PlannedSpan>& row = planned.stages[k];
        const std::int64_t after = row.empty() ? nanoseconds(span.start + shift) : row.back().end;
        const std::int64_t from = std::max(after, nanoseconds(span.start + shift));
        row.push_back({span.action, step, from, std::max(from, nanoseconds(span.end + shift))});
      }
    }
  }
  return planned;
}

}  // namespace interlock::trace
