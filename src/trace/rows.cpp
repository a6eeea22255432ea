#include "trace/rows.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "trace/arrows.h"
#include "trace/json_file.h"

namespace interlock::trace {
namespace {

using schedule::ActionKind;
using schedule::OrderKind;

constexpr int kRowsOfRank = 1000;  // more than any rank has
// A wait that was none, but for looking: the row would be full of them.
constexpr std::int64_t kLeastDrawn = 500;   // nanoseconds
constexpr std::int64_t kReportDrawn = 200;  // a moment, wide enough for an arrow's head

// chrome://tracing knows colours by name. Perfetto takes one for each name, numbers aside.
const char* colour_of(ActionKind kind) {
  switch (kind) {
    case ActionKind::kForward:
      return "rail_response";  // blue
    case ActionKind::kLocalLoss:
      return "rail_idle";  // orange
    case ActionKind::kInputGradient:
      return "thread_state_running";  // light green
    case ActionKind::kWeightGradient:
      return "rail_load";  // green
    case ActionKind::kBackward:
      return "background_memory_dump";  // teal
    case ActionKind::kUpdate:
      return "generic_work";  // grey
  }
  return "grey";
}
constexpr const char* kWaitColour = "rail_animation";  // red
constexpr const char* kLoadColour = "olive";
constexpr const char* kSumColour = "thread_state_unknown";  // brown
constexpr const char* kOrderColour = "grey";

std::string name_of(OrderKind kind, std::int64_t step) {
  switch (kind) {
    case OrderKind::kTrain:
      return fmt::format("step {}", step);
    case OrderKind::kEvaluate:
      return fmt::format("evaluation after step {}", step);
    case OrderKind::kCheckpoint:
      return fmt::format("checkpoint of step {}", step);
    case OrderKind::kRestore:
      return "restore";
    case OrderKind::kShipTensors:
      return "ship tensors";
    case OrderKind::kFinish:
      return "finish";
  }
  return "order";
}

std::string arguments_of(const schedule::Action& action, const OrderUse& use) {
  const char* const step = use.kind == OrderKind::kTrain ? "step" : "after_step";
  if (action.kind == ActionKind::kUpdate) return fmt::format(R"({{"{}":{}}})", step, use.step);
  std::string text = fmt::format(R"({{"{}":{},"micro_batch":{})", step, use.step, action.micro_batch);
  if (action.kind == ActionKind::kInputGradient || action.kind == ActionKind::kBackward)
    text += fmt::format(R"(,"loss":{})", action.loss);
  if (action.stacked > 1) text += fmt::format(R"(,"stacked":{})", action.stacked);
  return text + "}";
}

std::string process_name(const RankFacts& facts, int rank, bool replicated) {
  if (facts.stage < 0) return fmt::format("coordinator (rank {} on {})", rank, facts.host);
  if (!replicated) return fmt::format("stage {} (rank {} on {})", facts.stage, rank, facts.host);
  return fmt::format("stage {} replica {} (rank {} on {})", facts.stage, facts.replica, rank, facts.host);
}

}  // namespace

Row Rows::row(const RankTrace& rank, int number) {
  const int process = rank.rank + 1;  // there is no process 0
  return {process, process * kRowsOfRank + number};
}

void Rows::slice(const Row& row, const std::string& name, const char* category, const char* colour,
                 std::int64_t begin, std::int64_t end, const std::string& arguments) {
  file_.slice(row, name, category, colour, begin - origin_, end - origin_, arguments);
}

void Rows::draw_measured() {
  std::map<int, int> replicas;
  for (const RankFacts& rank : facts_.ranks) ++replicas[rank.stage];
  for (const RankTrace& rank : ranks_) {
    const RankFacts& facts = facts_.ranks.at(static_cast<std::size_t>(rank.rank));
    file_.name_process(rank.rank + 1, process_name(facts, rank.rank, replicas[facts.stage] > 1));
    if (facts.stage < 0) {
      draw_coordinator(rank);
      continue;
    }
    draw_orders(rank);
    draw_records(rank);
    draw_operators(rank);
  }
  draw_arrows();
}

void Rows::draw_coordinator(const RankTrace& rank) {
  file_.name_row(row(rank, kOrders), "orders given");
  file_.name_row(row(rank, kActions), "reports taken");
  for (const OrderUse& use : rank.orders)
    slice(row(rank, kOrders), name_of(use.kind, use.step), "order", kOrderColour, use.begin, use.end);
  for (const Record& record : rank.records) {
    if (record.kind != RecordKind::kArrival) continue;
    slice(row(rank, kActions), "report", "report", kOrderColour, record.begin, record.begin + kReportDrawn,
          fmt::format(R"({{"rank":{}}})", record.peer));
  }
}

void Rows::draw_orders(const RankTrace& rank) {
  file_.name_row(row(rank, kOrders), "orders");
  for (const OrderUse& use : rank.orders) {
    slice(row(rank, kOrders), name_of(use.kind, use.step), "order", kOrderColour, use.begin, use.end,
          fmt::format(R"({{"busy_seconds":{:.9f}}})", use.busy_seconds));
  }
}

void Rows::draw_records(const RankTrace& rank) {
  const Row actions = row(rank, kActions);
  file_.name_row(actions, "actions");
  std::map<std::int64_t, OrderUse> uses;
  for (const OrderUse& use : rank.orders) uses[use.order] = use;
  for (const Record& record : rank.records) {
    switch (record.kind) {
      case RecordKind::kAction:
        slice(actions, trace::name_of(record.action()), "action", colour_of(record.action().kind),
              record.begin, record.end, arguments_of(record.action(), uses[record.order]));
        break;
      case RecordKind::kWait:
        if (record.end - record.begin < kLeastDrawn) break;
        slice(actions, "wait", "wait", kWaitColour, record.begin, record.end,
              record.peer == kNoPeer ? fmt::format(R"({{"for":{}}})", quoted(name_of_message(record)))
                                     : fmt::format(R"({{"for":{},"from_rank":{}}})",
                                                   quoted(name_of_message(record)), record.peer));
        break;
      case RecordKind::kLoad:
        slice(actions, "load", "load", kLoadColour, record.begin, record.end);
        break;
      case RecordKind::kSum:
        slice(actions, "sum over replicas", "sum", kSumColour, record.begin, record.end);
        break;
      case RecordKind::kSend:
      case RecordKind::kArrival:
        break;
    }
  }
}

void Rows::draw_operators(const RankTrace& rank) {
  for (std::size_t i = 0; i < rank.operators.tracks.size(); ++i)
    file_.name_row(row(rank, kOperators + static_cast<int>(i)), rank.operators.tracks[i].name);
  for (const Operator& event : rank.operators.events) {
    const bool kernel = rank.operators.tracks[static_cast<std::size_t>(event.track)].on_device;
    slice(row(rank, kOperators + event.track), rank.operators.names[static_cast<std::size_t>(event.name)],
          kernel ? "kernel" : "operator", nullptr, event.begin, event.end);
  }
}

Row Rows::row_of_moment(const RankTrace& rank, const Record& record) {
  const bool of_orders = record.message() == Message::kOrder || record.message() == Message::kReport;
  const bool takes_report = record.message() == Message::kReport && record.kind == RecordKind::kArrival;
  return row(rank, of_orders && !takes_report ? kOrders : kActions);
}

// Within the slice it belongs to: an order's begin and a report's end are its very edges.
std::int64_t Rows::moment_of(const RankTrace& rank, const Record& record) const {
  if (record.message() != Message::kOrder && record.message() != Message::kReport) return record.begin;
  if (record.kind == RecordKind::kArrival && record.message() == Message::kReport) return record.begin;
  const auto use = std::find_if(rank.orders.begin(), rank.orders.end(),
                                [&](const OrderUse& order) { return order.order == record.order; });
  return use == rank.orders.end() ? record.begin : std::max(use->begin, std::min(record.begin, use->end - 2));
}

void Rows::draw_arrows() {
  for (const Arrow& arrow : arrows_of(ranks_)) {
    const RankTrace& from = ranks_[arrow.from];
    const RankTrace& to = ranks_[arrow.to];
    const Record& sent = from.records[arrow.sent];
    const Record& arrived = to.records[arrow.arrived];
    const std::int64_t begin = moment_of(from, sent);
    // Clocks of two hosts are known to some microseconds: no message arrives before it was sent.
    const std::int64_t end = std::max(begin, moment_of(to, arrived));
    file_.arrow(name_of_message(sent), row_of_moment(from, sent), begin - origin_, row_of_moment(to, arrived),
                end - origin_);
  }
}

void Rows::draw_planned(const PlannedTimeline& planned, std::int64_t begin) {
  for (const RankTrace& rank : ranks_) {
    if (rank.stage < 0) continue;
    file_.name_row(row(rank, kPlanned), "planned");
    for (const PlannedSpan& span : planned.stages.at(static_cast<std::size_t>(rank.stage))) {
      slice(row(rank, kPlanned), trace::name_of(span.action), "planned", colour_of(span.action.kind),
            begin + span.begin, begin + span.end, fmt::format(R"({{"planned_step":{}}})", span.step + 1));
    }
  }
}

}  // namespace interlock::trace
