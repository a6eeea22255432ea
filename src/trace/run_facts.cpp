#include "trace/run_facts.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "schedule/schedule_file.h"
#include "trace/json_file.h"
#include "trace/rank_trace.h"

namespace interlock::trace {
namespace {

using nlohmann::json;

json to_json(const RankFacts& rank) {
  json measured = json::array();
  for (const ClockOffset& offset : rank.measured)
    measured.push_back({offset.at, offset.nanoseconds, offset.uncertainty});
  return {{"stage", rank.stage},
          {"replica", rank.replica},
          {"host", rank.host},
          {"machine", rank.machine},
          {"clock", measured}};
}

RankFacts rank_facts(const json& document) {
  RankFacts rank{
      document.at("stage"), document.at("replica"), document.at("host"), document.at("machine"), {}};
  for (const json& offset : document.at("clock"))
    rank.measured.push_back({offset.at(0), offset.at(1), offset.at(2)});
  return rank;
}

json to_json(const schedule::StageCosts& c) {
  return {c.forward,  c.loss,   c.input_gradient,        c.weight_gradient,
          c.backward, c.update, c.stacked_input_gradient};
}

schedule::StageCosts stage_costs(const json& c) {
  return {c.at(0), c.at(1), c.at(2), c.at(3), c.at(4), c.at(5), c.at(6)};
}

json to_json(const schedule::Costs& costs) {
  json stages = json::array();
  for (const schedule::StageCosts& stage : costs.stages) stages.push_back(to_json(stage));
  return {{"stages", stages},
          {"links", costs.link_seconds},
          {"update_peers", costs.update_peers},
          {"update_exchange", costs.update_exchange_seconds}};
}

schedule::Costs costs_of(const json& document) {
  schedule::Costs costs;
  for (const json& stage : document.at("stages")) costs.stages.push_back(stage_costs(stage));
  document.at("links").get_to(costs.link_seconds);
  document.at("update_peers").get_to(costs.update_peers);
  document.at("update_exchange").get_to(costs.update_exchange_seconds);
  return costs;
}

std::int64_t at_time(const std::vector<ClockOffset>& measured, std::int64_t time) {
  const ClockOffset& first = measured.front();
  const ClockOffset& last = measured.back();
  // The other clock's time, good enough to say how far between the two measurements it is.
  const std::int64_t here = time - first.nanoseconds;
  if (measured.size() < 2 || here <= first.at) return first.nanoseconds;
  if (here >= last.at) return last.nanoseconds;
  const double part = static_cast<double>(here - first.at) / static_cast<double>(last.at - first.at);
  return first.nanoseconds + std::llround(part * static_cast<double>(last.nanoseconds - first.nanoseconds));
}

std::int64_t worst(const std::vector<ClockOffset>& measured) {
  std::int64_t most = 0;
  for (const ClockOffset& offset : measured) most = std::max(most, offset.uncertainty);
  return most;
}

// More than a measurement can be wrong.
bool apart(const std::vector<ClockOffset>& measured) {
  return std::any_of(measured.begin(), measured.end(), [](const ClockOffset& offset) {
    return std::abs(offset.nanoseconds) > offset.uncertainty;
  });
}

}  // namespace

std::string facts_file(const std::string& run) {
  return trace_folder(run) + "/run.json";
}

void write_run_facts(const std::string& run, const RunFacts& facts) {
  json ranks = json::array();
  for (const RankFacts& rank : facts.ranks) ranks.push_back(to_json(rank));
  const json document = {{"version", kVersion},
                         {"ranks", ranks},
                         {"learns", facts.learns},
                         {"schedule", schedule::to_text(facts.schedule)},
                         {"costs", to_json(facts.costs)},
                         {"costs_source", facts.costs_source},
                         {"costs_known", facts.costs_known},
                         {"active", facts.active}};
  make_directories(trace_folder(run));
  write_file_atomically(facts_file(run), document.dump(1, ' ', false, json::error_handler_t::replace) + "\n");
}

RunFacts read_run_facts(const std::string& run) {
  const std::string path = facts_file(run);
  return read_json<RunFacts>(path, [&](const json& document) {
    RunFacts facts;
    for (const json& rank : document.at("ranks")) facts.ranks.push_back(rank_facts(rank));
    document.at("learns").get_to(facts.learns);
    facts.schedule = schedule::parse_schedule(document.at("schedule").get<std::string>(), path);
    facts.costs = costs_of(document.at("costs"));
    document.at("costs_source").get_to(facts.costs_source);
    document.at("costs_known").get_to(facts.costs_known);
    document.at("active").get_to(facts.active);
    if (facts.ranks.empty() || facts.costs.stages.size() != facts.schedule.size() ||
        facts.learns.size() != facts.schedule.size())
      throw DataError(path + ": says different things of how many stages there are");
    return facts;
  });
}

Alignment align(const RunFacts& facts, int rank, std::int64_t time) {
  const std::string& machine = facts.ranks.at(static_cast<std::size_t>(rank)).machine;
  const std::vector<ClockOffset>* best = nullptr;
  for (const RankFacts& other : facts.ranks) {
    if (other.machine != machine || other.measured.empty()) continue;
    // A container may have set its clock apart from its machine's (time namespaces).
    if (apart(other.measured) != apart(facts.ranks[static_cast<std::size_t>(rank)].measured)) continue;
    if (best == nullptr || worst(other.measured) < worst(*best)) best = &other.measured;
  }
  if (best == nullptr) return {0, 0, machine == facts.ranks.front().machine};
  if (machine == facts.ranks.front().machine && !apart(*best)) return {0, 0, true};
  return {at_time(*best, time), worst(*best), false};
}

}  // namespace interlock::trace
