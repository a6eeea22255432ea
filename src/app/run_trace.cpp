#include "app/run_trace.h"

#include <exception>
#include <filesystem>

#include <fmt/format.h>

#include "comm/clock_exchange.h"
#include "common/log.h"
#include "trace/merge.h"
#include "trace/window.h"
#include "training/schedule_choice.h"

namespace interlock::app {
namespace {

trace::RunFacts facts_of(const training::RunPlan& plan) {
  trace::RunFacts facts;
  facts.ranks.emplace_back();
  const Placement placement = plan.config.partition.placement();
  for (int rank = 1; rank < placement.ranks(); ++rank) {
    const Place place = placement.place_of(Rank{rank});
    facts.ranks.push_back({place.stage, place.replica, "", "", {}});
  }
  for (int stage = 0; stage < plan.rule.stages(); ++stage) facts.learns.push_back(plan.rule.learns(stage));
  facts.schedule = plan.schedule;
  const training::KnownCosts known = training::known_costs(plan);
  facts.costs = known.costs;
  facts.costs_source = known.source;
  facts.costs_known = !known.assumed;
  facts.active = plan.config.profile.active;
  return facts;
}

std::string merged_file(const std::string& run) {
  return run + "/trace.json";
}

void warn_of(const std::exception& problem) {
  log_warning(fmt::format("profile: no trace: {}", problem.what()));
}

}  // namespace

RunTrace::RunTrace(RankSession& session, const training::RunPlan& plan)
    : session_(session),
      plan_(plan),
      on_(plan.config.profile.active > 0),
      orders_(plan.config.profile, plan.config.partition.placement().workers()) {}

void RunTrace::note_clocks() {
  const std::vector<comm::RankClock> clocks = comm::compare_clocks(session_.engine());
  for (std::size_t rank = 0; rank < clocks.size(); ++rank) {
    trace::RankFacts& facts = facts_.ranks.at(rank);
    facts.host = clocks[rank].host;
    facts.machine = clocks[rank].machine;
    facts.measured.push_back(clocks[rank].offset);
  }
}

void RunTrace::write_facts(bool fresh) {
  const std::string& run = plan_.config.run.dir;
  try {
    if (fresh) {
      std::filesystem::remove_all(trace::trace_folder(run));
      std::filesystem::remove(merged_file(run));
    }
    trace::write_run_facts(run, facts_);
  } catch (const std::exception& problem) {
    warn_of(problem);
  }
}

void RunTrace::begin() {
  if (!on_) return;
  session_.together([&] {
    if (session_.is_coordinator()) facts_ = facts_of(plan_);
  });
  note_clocks();
  if (session_.is_coordinator()) write_facts(/*fresh=*/true);
  session_.together([] {});  // no rank writes into the folder before it is empty
}

std::string RunTrace::end() {
  if (!on_) return "";
  session_.together([] {});
  note_clocks();
  if (!session_.is_coordinator()) return "";
  write_facts(/*fresh=*/false);
  const config::ProfileConfig& profile = plan_.config.profile;
  if (orders_.steps() < trace::last_of(profile)) {
    log_warning(fmt::format(
        "profile: the run ended after {} steps, before those of profile.wait ({}), warmup ({}) and "
        "active ({}) were over: the trace has what there was",
        orders_.steps(), profile.wait, profile.warmup, profile.active));
  }
  try {
    trace::write_rank_trace(plan_.config.run.dir, orders_.trace());
    return trace::merge_run(plan_.config.run.dir, merged_file(plan_.config.run.dir));
  } catch (const std::exception& problem) {
    warn_of(problem);
    return "";
  }
}

}  // namespace interlock::app
