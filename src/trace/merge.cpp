#include "trace/merge.h"

#include <algorithm>
#include <filesystem>
#include <limits>

#include "config/config.h"
#include "trace/json_file.h"
#include "trace/rows.h"
#include "trace/summary.h"

namespace interlock::trace {
namespace {

// What everything is measured by: the coordinator's clock.
void move(RankTrace& trace, std::int64_t offset) {
  for (OrderUse& use : trace.orders) {
    use.previous_end -= offset;
    use.begin -= offset;
    use.end -= offset;
  }
  for (Record& record : trace.records) {
    record.begin -= offset;
    record.end -= offset;
  }
  for (Operator& event : trace.operators.events) {
    event.begin -= offset;
    event.end -= offset;
  }
}

std::int64_t first_time(const std::vector<RankTrace>& ranks) {
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  for (const RankTrace& rank : ranks) {
    for (const OrderUse& use : rank.orders) first = std::min({first, use.previous_end, use.begin});
    for (const Record& record : rank.records) first = std::min(first, record.begin);
    for (const Operator& event : rank.operators.events) first = std::min(first, event.begin);
  }
  return first;
}

// Where stage 0 begins to compute its first recorded training step.
std::int64_t measured_begin(const std::vector<RankTrace>& ranks, std::int64_t otherwise) {
  for (const RankTrace& rank : ranks) {
    if (rank.stage != 0) continue;
    const auto use = std::find_if(rank.orders.begin(), rank.orders.end(), [](const OrderUse& order) {
      return order.kind == schedule::OrderKind::kTrain;
    });
    if (use != rank.orders.end()) return use->begin;
  }
  return otherwise;
}

}  // namespace

RunTrace read_run_trace(const std::string& run) {
  RunTrace trace;
  if (!std::filesystem::is_directory(run))
    throw UsageError(
        fmt::format("{}: no such folder; give a run's folder, as in interlock trace runs/mlp", run));
  if (!std::filesystem::exists(facts_file(run))) {
    throw DataError(fmt::format(
        "{}: no trace was taken of this run; train with profile.active=3 (docs/profiling.md)", run));
  }
  trace.facts = read_run_facts(run);
  for (std::size_t rank = 0; rank < trace.facts.ranks.size(); ++rank) {
    const std::string path = rank_file(run, static_cast<int>(rank));
    if (!std::filesystem::exists(path)) {
      if (rank > 0) trace.missing.push_back(static_cast<int>(rank));
      continue;
    }
    RankTrace one = read_rank_trace(path);
    if (one.rank != static_cast<int>(rank) || one.stage != trace.facts.ranks[rank].stage)
      throw DataError(path + ": is of another rank, or another run, than run.json says");
    const std::int64_t time = one.orders.empty() ? 0 : one.orders.front().begin;
    move(one, align(trace.facts, one.rank, time).offset);
    trace.ranks.push_back(std::move(one));
  }
  const bool any = std::any_of(trace.ranks.begin(), trace.ranks.end(),
                               [](const RankTrace& rank) { return rank.stage >= 0; });
  if (!any) {
    throw DataError(fmt::format("{}: no rank has recorded anything: the run ended before its active steps",
                                trace_folder(run)));
  }
  return trace;
}

std::string merge_run(const std::string& run, const std::string& file) {
  const RunTrace trace = read_run_trace(run);
  const config::Config config = config::load_config(run + "/config.yaml", {});
  const int stages = static_cast<int>(trace.facts.schedule.size());
  if (config.partition.stages != stages)
    throw DataError(fmt::format("{}: of {} stages, but {}/config.yaml has {}", facts_file(run), stages, run,
                                config.partition.stages));
  const schedule::GradientRule rule(stages, config.learning, trace.facts.learns);
  const std::vector<StageUse> uses = stage_uses(trace.ranks, stages);
  const PlannedTimeline planned = planned_timeline(trace.facts, rule, trace.ranks, steps_recorded(uses));
  const std::int64_t origin = first_time(trace.ranks);

  ChromeFile out(file, facts_in_json(trace, run, uses, planned));
  Rows rows(out, trace.facts, trace.ranks, origin);
  rows.draw_measured();
  rows.draw_planned(planned, measured_begin(trace.ranks, origin));
  out.finish();
  return in_words(trace, file, uses);
}

}  // namespace interlock::trace
