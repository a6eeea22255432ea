// failure.json.

#include <ctime>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "watch/failure_report.h"
#include "watch/words.h"

namespace interlock::watch {
namespace {

using nlohmann::json;

const char* kind_name(FailureReport::Kind kind) {
  switch (kind) {
    case FailureReport::Kind::kDied:
      return "died";
    case FailureReport::Kind::kFailed:
      return "failed";
    case FailureReport::Kind::kHang:
      return "hang";
    case FailureReport::Kind::kStopped:
      return "stopped";
    case FailureReport::Kind::kLauncher:
      return "launcher";
  }
  return "unknown";
}

json number_or_null(std::int64_t number) {
  return number < 0 ? json() : json(number);
}

json of_rank(const FailureReport& report, int rank) {
  const RankStatus& status = report.ranks[static_cast<std::size_t>(rank)];
  const Activity& activity = status.activity;
  const int count = static_cast<int>(report.ranks.size());
  const std::string action = action_name(activity.action);
  const std::string waiting = waiting_for(status, report.cast, count, rank);
  json entry{{"rank", rank},
             {"host", status.host},
             {"pid", activity.pid},
             {"dead", status.dead},
             {"phase", phase_name(activity.phase)},
             {"step", activity.step},
             {"action", action.empty() ? json() : json(action)},
             {"micro_batch", number_or_null(activity.micro_batch)},
             {"waiting_for", waiting.empty() ? json() : json(waiting)},
             {"waiting_for_rank", number_or_null(activity.peer)},
             {"saving_step", number_or_null(activity.saving_step)},
             {"doing", doing(activity, rank == 0)},
             {"for_seconds", report.now - activity.since},
             {"heard_seconds_ago", report.now - status.heard}};
  if (rank > 0 && report.cast.is_known(count)) {
    const Place place = report.cast.placement.place_of(Rank{rank});
    entry["stage"] = place.stage;
    entry["replica"] = place.replica;
  } else {
    entry["stage"] = entry["replica"] = json();
  }
  return entry;
}

std::string time_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32] = {};
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

}  // namespace

std::string json_of(const FailureReport& report) {
  json document = of_rank(report, report.rank);
  document["kind"] = kind_name(report.kind);
  document["exit_code"] = static_cast<int>(report.code);
  document["what"] = report.text;
  document["message"] = line_of(report);
  document["time"] = time_now();
  document["ranks"] = json::array();
  for (std::size_t i = 0; i < report.ranks.size(); ++i)
    document["ranks"].push_back(of_rank(report, static_cast<int>(i)));
  return document.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace interlock::watch
