#pragma once
// Ranks of two stages that record two steps, by hand.

#include <vector>

#include "schedule/costs.h"
#include "trace/rank_trace.h"
#include "trace/run_facts.h"

namespace interlock::test {

inline trace::Record at(trace::Record record, std::int64_t order, std::int64_t begin, std::int64_t end) {
  record.order = order;
  record.begin = begin;
  record.end = end;
  return record;
}

// Stage 0: F0, which sends an activation to rank 2, then U. Each step takes 1,000 ns.
inline trace::RankTrace sender(int steps) {
  using trace::RecordKind;
  trace::RankTrace rank;
  rank.rank = 1;
  rank.stage = 0;
  for (int i = 0; i < steps; ++i) {
    const std::int64_t start = 1000 * (i + 1);
    rank.orders.push_back({i + 1, schedule::OrderKind::kTrain, i + 1, start, start, start + 1000, 600e-9});
    rank.records.push_back(
        at(record_of(RecordKind::kSend, trace::Message::kActivation, 2), i + 1, start + 390, start + 390));
    rank.records.push_back(
        at(trace::record_of({schedule::ActionKind::kForward, 0}), i + 1, start, start + 400));
    rank.records.push_back(
        at(trace::record_of({schedule::ActionKind::kUpdate}), i + 1, start + 500, start + 700));
  }
  return rank;
}

// Stage 1: F0, half of which is a wait for the activation, L0 and U.
inline trace::RankTrace receiver(int steps) {
  using trace::RecordKind;
  trace::RankTrace rank;
  rank.rank = 2;
  rank.stage = 1;
  for (int i = 0; i < steps; ++i) {
    const std::int64_t start = 1000 * (i + 1);
    rank.orders.push_back({i + 1, schedule::OrderKind::kTrain, i + 1, start, start, start + 1000, 500e-9});
    rank.records.push_back(
        at(record_of(RecordKind::kWait, trace::Message::kActivation, 1), i + 1, start + 200, start + 500));
    rank.records.push_back(
        at(record_of(RecordKind::kArrival, trace::Message::kActivation, 1), i + 1, start + 501, start + 501));
    rank.records.push_back(
        at(trace::record_of({schedule::ActionKind::kForward, 0}), i + 1, start + 200, start + 800));
    rank.records.push_back(
        at(trace::record_of({schedule::ActionKind::kLocalLoss, 0}), i + 1, start + 800, start + 900));
    rank.records.push_back(
        at(trace::record_of({schedule::ActionKind::kUpdate}), i + 1, start + 900, start + 1000));
  }
  return rank;
}

inline trace::RunFacts facts_of_two_stages() {
  trace::RunFacts facts;
  facts.ranks = {{-1, 0, "a", "A", {}}, {0, 0, "a", "A", {}}, {1, 0, "a", "A", {}}};
  facts.learns = {true, true};
  facts.schedule = {{{schedule::ActionKind::kForward, 0}, {schedule::ActionKind::kUpdate}},
                    {{schedule::ActionKind::kForward, 0},
                     {schedule::ActionKind::kLocalLoss, 0},
                     {schedule::ActionKind::kUpdate}}};
  facts.costs = schedule::equal_costs(2);
  facts.costs_source = "assumed";
  facts.active = 2;
  return facts;
}

}  // namespace interlock::test
