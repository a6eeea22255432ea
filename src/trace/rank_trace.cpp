#include "trace/rank_trace.h"

#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/files.h"
#include "trace/json_file.h"

namespace interlock::trace {
namespace {

using nlohmann::json;

// Thousands of lines a second: numbers straight into text, where a document would be built and thrown away.
template <class Items, class Write>
void write_list(std::string& text, const char* name, const Items& items, const Write& write) {
  text += fmt::format(",\n\"{}\": [", name);
  const char* before = "\n";
  for (const auto& item : items) {
    text += before;
    write(item);
    before = ",\n";
  }
  text += ']';
}

std::string to_text(const RankTrace& trace) {
  std::string text =
      fmt::format("{{\"version\": {}, \"rank\": {}, \"stage\": {}, \"replica\": {}, \"on_gpu\": {}", kVersion,
                  trace.rank, trace.stage, trace.replica, trace.on_gpu);
  const auto to = std::back_inserter(text);
  write_list(text, "orders", trace.orders, [&](const OrderUse& use) {
    fmt::format_to(to, "[{},{},{},{},{},{},{}]", use.order, static_cast<int>(use.kind), use.step,
                   use.previous_end, use.begin, use.end, use.busy_seconds);
  });
  write_list(text, "records", trace.records, [&](const Record& record) {
    fmt::format_to(to, "[{},{},{},{},{},{},{},{},{}]", static_cast<int>(record.kind), record.what,
                   record.micro_batch, record.loss, record.stacked, record.peer, record.order, record.begin,
                   record.end);
  });
  write_list(text, "names", trace.operators.names, [&](const std::string& name) { text += quoted(name); });
  write_list(text, "tracks", trace.operators.tracks, [&](const OperatorTrack& track) {
    fmt::format_to(to, "[{},{}]", quoted(track.name), track.on_device);
  });
  write_list(text, "operators", trace.operators.events, [&](const Operator& event) {
    fmt::format_to(to, "[{},{},{},{}]", event.name, event.track, event.begin, event.end);
  });
  return text + "}\n";
}

RankTrace parse(const json& document) {
  RankTrace trace;
  document.at("rank").get_to(trace.rank);
  document.at("stage").get_to(trace.stage);
  document.at("replica").get_to(trace.replica);
  document.at("on_gpu").get_to(trace.on_gpu);
  for (const json& o : document.at("orders")) {
    trace.orders.push_back({o.at(0), static_cast<schedule::OrderKind>(o.at(1).get<int>()), o.at(2), o.at(3),
                            o.at(4), o.at(5), o.at(6)});
  }
  for (const json& r : document.at("records")) {
    trace.records.push_back({static_cast<RecordKind>(r.at(0).get<int>()), r.at(1), r.at(2), r.at(3), r.at(4),
                             r.at(5), r.at(6), r.at(7), r.at(8)});
  }
  document.at("names").get_to(trace.operators.names);
  for (const json& t : document.at("tracks")) trace.operators.tracks.push_back({t.at(0), t.at(1)});
  const auto below = [](std::int32_t index, std::size_t size) {
    return index >= 0 && static_cast<std::size_t>(index) < size;
  };
  for (const json& e : document.at("operators")) {
    const Operator event{e.at(0), e.at(1), e.at(2), e.at(3)};
    if (below(event.name, trace.operators.names.size()) && below(event.track, trace.operators.tracks.size()))
      trace.operators.events.push_back(event);
  }
  return trace;
}

}  // namespace

std::string trace_folder(const std::string& run) {
  return run + "/trace";
}

std::string rank_file(const std::string& run, int rank) {
  return fmt::format("{}/rank-{}.json", trace_folder(run), rank);
}

void write_rank_trace(const std::string& run, const RankTrace& trace) {
  make_directories(trace_folder(run));
  write_file_atomically(rank_file(run, trace.rank), to_text(trace));
}

RankTrace read_rank_trace(const std::string& path) {
  return read_json<RankTrace>(path, parse);
}

}  // namespace interlock::trace
