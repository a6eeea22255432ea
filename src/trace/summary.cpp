#include "trace/summary.h"

#include <algorithm>

#include "trace/json_file.h"

namespace interlock::trace {
namespace {

using nlohmann::ordered_json;

ordered_json clocks_of(const RunTrace& trace) {
  ordered_json clocks = ordered_json::array();
  for (const RankTrace& rank : trace.ranks) {
    const RankFacts& facts = trace.facts.ranks[static_cast<std::size_t>(rank.rank)];
    if (facts.stage < 0) continue;
    const std::int64_t time = rank.orders.empty() ? 0 : rank.orders.front().begin;
    const Alignment used = align(trace.facts, rank.rank, time);
    ordered_json measured = ordered_json::array();
    for (const ClockOffset& offset : facts.measured)
      measured.push_back({{"offset_ns", offset.nanoseconds}, {"uncertainty_ns", offset.uncertainty}});
    clocks.push_back({{"rank", rank.rank},
                      {"host", facts.host},
                      {"shared", used.shared},
                      {"offset_ns", used.offset},
                      {"uncertainty_ns", used.uncertainty},
                      {"measured", measured}});
  }
  return clocks;
}

ordered_json stages_of(const std::vector<StageUse>& stages) {
  ordered_json list = ordered_json::array();
  for (std::size_t k = 0; k < stages.size(); ++k) {
    ordered_json steps = ordered_json::array();
    for (const StepUse& step : stages[k].steps) {
      steps.push_back({{"step", step.step},
                       {"seconds", step.seconds},
                       {"busy_fraction", step.seconds > 0 ? step.busy_seconds / step.seconds : 0}});
    }
    list.push_back({{"stage", k}, {"busy_fraction", stages[k].busy_fraction()}, {"steps", steps}});
  }
  return list;
}

std::string clocks_in_words(const RunTrace& trace) {
  std::string others;
  std::int64_t worst = 0;
  for (const RankTrace& rank : trace.ranks) {
    const RankFacts& facts = trace.facts.ranks[static_cast<std::size_t>(rank.rank)];
    if (facts.stage < 0) continue;
    const Alignment used = align(trace.facts, rank.rank, rank.orders.empty() ? 0 : rank.orders.front().begin);
    for (const ClockOffset& offset : facts.measured) worst = std::max(worst, offset.uncertainty);
    if (used.shared) continue;
    others += fmt::format("{}rank {} on {} {:+.1f} us (to {:.1f} us)", others.empty() ? "" : ", ", rank.rank,
                          facts.host, 1e-3 * static_cast<double>(used.offset),
                          1e-3 * static_cast<double>(used.uncertainty));
  }
  if (others.empty())
    return fmt::format("clocks: one host, one clock (asked: equal to {:.1f} us)",
                       1e-3 * static_cast<double>(worst));
  return "clocks, against the coordinator's: " + others;
}

}  // namespace

int steps_recorded(const std::vector<StageUse>& stages) {
  std::size_t most = 0;
  for (const StageUse& stage : stages) most = std::max(most, stage.steps.size());
  return static_cast<int>(most);
}

std::string facts_in_json(const RunTrace& trace, const std::string& run, const std::vector<StageUse>& stages,
                          const PlannedTimeline& planned) {
  const ordered_json facts = {{"program", "interlock"},
                              {"run", run},
                              {"clocks", clocks_of(trace)},
                              {"stages", stages_of(stages)},
                              {"planned", {{"costs", planned.costs}, {"step_seconds", planned.step_seconds}}},
                              {"missing_ranks", trace.missing}};
  return facts.dump(1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string in_words(const RunTrace& trace, const std::string& file, const std::vector<StageUse>& stages) {
  const int steps = steps_recorded(stages);
  std::string text = fmt::format("trace: {}, {} step{}", file, steps, steps == 1 ? "" : "s");
  for (std::size_t k = 0; k < stages.size(); ++k) {
    if (!stages[k].steps.empty())
      text += fmt::format(", stage {} busy {:.0f} %", k, 100 * stages[k].busy_fraction());
  }
  text += "; open it in https://ui.perfetto.dev or chrome://tracing\n  " + clocks_in_words(trace) + "\n";
  for (const int rank : trace.missing)
    text += fmt::format("  rank {} is missing: no {}\n", rank, rank_file("RUN", rank));
  return text;
}

}  // namespace interlock::trace
