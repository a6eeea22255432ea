#include "tools/doctor/ping.h"

#include <map>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace interlock::tools {
namespace {

using nlohmann::json;

// The line that says why: the first that speaks of an error, else the last.
std::string telling_line(const std::string& output) {
  std::istringstream lines(output);
  std::string last = "no output";
  for (std::string line; std::getline(lines, line);) {
    if (line.find_first_not_of("-= \t") == std::string::npos) continue;
    last = line;
    for (const char* word : {"rror", "annot", "not found", "ailed", "denied", "refus"}) {
      if (line.find(word) != std::string::npos) return line;
    }
  }
  return last;
}

}  // namespace

std::string to_json(const PingAnswer& answer) {
  json ranks = json::array();
  for (const RankPing& rank : answer.ranks) {
    ranks.push_back({{"rank", rank.rank},
                     {"host", rank.host},
                     {"processors", rank.processors},
                     {"microseconds", rank.microseconds},
                     {"gigabytes_per_second", rank.gigabytes_per_second}});
  }
  return json{{"libraries", json::parse(to_json(answer.libraries))}, {"ranks", ranks}}.dump(
      -1, ' ', false, json::error_handler_t::replace);
}

PingAnswer ping_answer_in(const std::string& output) {
  PingAnswer answer;
  const std::size_t mark = output.find(kAnswerMark);
  if (mark == std::string::npos) return answer;
  const std::size_t start = mark + std::string(kAnswerMark).size();
  const json document = json::parse(output.substr(start, output.find('\n', start) - start), nullptr,
                                    /*allow_exceptions=*/false);
  if (!document.is_object() || !document.contains("libraries") || !document.contains("ranks")) return answer;
  answer.libraries = libraries_from(document["libraries"].dump());
  for (const json& entry : document["ranks"]) {
    answer.ranks.push_back({entry.value("rank", 0), entry.value("host", ""), entry.value("processors", 0),
                            entry.value("microseconds", -1.0), entry.value("gigabytes_per_second", 0.0)});
  }
  return answer;
}

void judge_ping(const std::vector<RankPing>& ranks, std::vector<Finding>& findings) {
  constexpr double kSlowHere = 200;  // microseconds
  constexpr double kSlowThere = 500;
  constexpr double kNarrowHere = 0.5;  // 10^9 bytes a second
  constexpr double kNarrowThere = 0.2;
  Section section("ping", findings);
  if (ranks.empty()) return;
  std::map<std::string, int> hosts;
  std::map<std::string, int> processors;
  for (const RankPing& rank : ranks) {
    ++hosts[rank.host];
    processors[rank.host] = std::max(processors[rank.host], rank.processors);
  }
  section.ok(fmt::format("{} rank{} on {} host{}", ranks.size(), ranks.size() == 1 ? "" : "s", hosts.size(),
                         hosts.size() == 1 ? "" : "s"));
  for (const RankPing& rank : ranks) {
    if (rank.microseconds < 0) continue;
    const bool here = rank.host == ranks.front().host;
    const std::string what =
        fmt::format("rank 0 to rank {}{}: {:.1f} us for a small message, {:.2f} GB/s for 2 MiB", rank.rank,
                    here ? "" : " on " + rank.host, rank.microseconds, rank.gigabytes_per_second);
    if (rank.microseconds > (here ? kSlowHere : kSlowThere)) {
      section.warn(what,
                   here ? "that is slow for one host: is it busy with other work?"
                        : "that is slow: which network does Open MPI take? --mca btl_tcp_if_include NET");
    } else if (rank.gigabytes_per_second < (here ? kNarrowHere : kNarrowThere)) {
      section.warn(what, here ? "that is little for one host: is it busy with other work?"
                              : "a network of 1 Gbit/s: schedule.wire_dtype=bfloat16 halves what is sent");
    } else {
      section.ok(what);
    }
  }
  if (ranks.size() < 3) return;  // doctor's own two
  for (const auto& [host, count] : hosts) {
    const std::string what = fmt::format("{}: {} ranks, {} processors", host, count, processors[host]);
    if (count > processors[host] + 1) {  // the coordinator needs next to nothing
      section.warn(what,
                   "stages take turns on a processor: fewer ranks a host, or more processors a rank "
                   "(--bind-to none, SLURM --cpus-per-task)");
    } else {
      section.ok(what);
    }
  }
}

void judge_silence(bool timed_out, double seconds, const std::string& output,
                   std::vector<Finding>& findings) {
  Section section("ping", findings);
  if (timed_out) {
    section.problem(fmt::format("two ranks started by mpirun did not answer within {:g} s", seconds),
                    "MPI hangs on this machine: try `mpirun -np 2 hostname`, then look at the network "
                    "settings (docs/cluster.md, docs/troubleshooting.md)",
                    ExitCode::kHang);
  } else {
    section.problem(fmt::format("two ranks started by mpirun could not talk: {}", telling_line(output)),
                    "`mpirun -np 2 interlock doctor-ping` shows all of it", ExitCode::kPeerDied);
  }
}

}  // namespace interlock::tools
