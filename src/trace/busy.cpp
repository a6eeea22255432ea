#include "trace/busy.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace interlock::trace {
namespace {

constexpr double kNanosecond = 1e-9;

double seconds_of(const Record& record) {
  return kNanosecond * static_cast<double>(record.end - record.begin);
}

}  // namespace

std::vector<double> waits_within(const RankTrace& trace) {
  std::vector<double> waits(trace.records.size(), 0);
  std::vector<std::size_t> actions;
  for (std::size_t i = 0; i < trace.records.size(); ++i) {
    if (trace.records[i].kind == RecordKind::kAction) actions.push_back(i);
  }
  const auto begin_of = [&](std::size_t i) { return trace.records[i].begin; };
  std::sort(actions.begin(), actions.end(), [&](auto a, auto b) { return begin_of(a) < begin_of(b); });
  for (const Record& record : trace.records) {
    if (record.kind != RecordKind::kWait) continue;
    auto after = std::upper_bound(actions.begin(), actions.end(), record.begin,
                                  [&](std::int64_t time, std::size_t i) { return time < begin_of(i); });
    if (after == actions.begin()) continue;
    const std::size_t action = *--after;
    if (record.end <= trace.records[action].end) waits[action] += seconds_of(record);
  }
  return waits;
}

std::vector<StepUse> steps_of(const RankTrace& trace) {
  std::map<std::int64_t, double> busy;  // by order
  const std::vector<double> waits = waits_within(trace);
  for (std::size_t i = 0; i < trace.records.size(); ++i) {
    const Record& record = trace.records[i];
    if (record.kind == RecordKind::kAction) busy[record.order] += seconds_of(record) - waits[i];
  }
  std::vector<StepUse> steps;
  for (const OrderUse& use : trace.orders) {
    if (use.kind != schedule::OrderKind::kTrain) continue;
    steps.push_back({use.step, kNanosecond * static_cast<double>(use.end - use.previous_end),
                     trace.on_gpu ? use.busy_seconds : busy[use.order]});
  }
  return steps;
}

double StageUse::seconds() const {
  return std::accumulate(steps.begin(), steps.end(), 0.0,
                         [](double sum, const StepUse& step) { return sum + step.seconds; });
}

double StageUse::busy_fraction() const {
  const double busy = std::accumulate(steps.begin(), steps.end(), 0.0, [](double sum, const StepUse& step) {
    return sum + step.busy_seconds;
  });
  const double all = seconds();
  return all > 0 ? std::min(1.0, busy / all) : 0;
}

std::vector<StageUse> stage_uses(const std::vector<RankTrace>& ranks, int stages) {
  std::vector<StageUse> uses(static_cast<std::size_t>(stages));
  std::vector<int> replicas(uses.size(), 0);
  for (const RankTrace& rank : ranks) {
    if (rank.stage < 0 || rank.stage >= stages) continue;
    const auto k = static_cast<std::size_t>(rank.stage);
    const std::vector<StepUse> steps = steps_of(rank);
    std::vector<StepUse>& sums = uses[k].steps;
    if (replicas[k]++ == 0) sums.resize(steps.size());
    sums.resize(std::min(sums.size(), steps.size()));
    for (std::size_t i = 0; i < sums.size(); ++i) {
      sums[i].step = steps[i].step;
      sums[i].seconds += steps[i].seconds;
      sums[i].busy_seconds += steps[i].busy_seconds;
    }
  }
  for (std::size_t k = 0; k < uses.size(); ++k) {
    for (StepUse& step : uses[k].steps) {
      step.seconds /= replicas[k];
      step.busy_seconds /= replicas[k];
    }
  }
  return uses;
}

}  // namespace interlock::trace
