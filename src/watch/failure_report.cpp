#include "watch/failure_report.h"

#include <sys/wait.h>

#include <fmt/format.h>

#include "watch/process.h"
#include "watch/words.h"

namespace interlock::watch {
namespace {

// What users can do about it.
std::string advice(const FailureReport& report) {
  const std::string again = "the same command goes on from the last checkpoint";
  switch (report.kind) {
    case FailureReport::Kind::kHang:
      return again + "; if actions may take this long, raise run.watchdog_seconds";
    case FailureReport::Kind::kFailed:
      if (report.code == ExitCode::kUsage || report.code == ExitCode::kData) return "";
      return report.code == ExitCode::kIo ? "make room or give permission, then " + again : again;
    default:
      return again;
  }
}

}  // namespace

std::string how_it_died(const RankStatus& rank, int wait_status) {
  if (wait_status >= 0 && WIFSIGNALED(wait_status)) {
    const int signal = WTERMSIG(wait_status);
    return fmt::format("was killed by {}{}", signal_name(signal),
                       signal == SIGKILL ? " (by somebody, or for want of memory on its host)" : "");
  }
  if (wait_status >= 0 && WIFEXITED(wait_status))
    return fmt::format("exited with code {} in the middle of its work", WEXITSTATUS(wait_status));
  if (rank.activity.signal != 0) return "was killed by " + signal_name(rank.activity.signal);
  return rank.here ? "died without a word (SIGKILL, or an exit)" : "died, or its host cannot be reached";
}

std::string how_it_hangs(const Hang& hang, const std::vector<RankStatus>& ranks, const Cast& cast) {
  const int count = static_cast<int>(ranks.size());
  const RankStatus& rank = ranks[static_cast<std::size_t>(hang.rank)];
  switch (hang.kind) {
    case Hang::Kind::kSilent:
      return fmt::format(
          "has given no sign of life for {:.0f} s{}", hang.seconds,
          rank.here && is_stopped(rank.activity.pid) ? ": its process is stopped (SIGSTOP)" : "");
    case Hang::Kind::kStuck:
      return fmt::format("hangs: no progress for {:.0f} s", hang.seconds);
    case Hang::Kind::kSaving:
      return fmt::format("hangs: it has been writing the checkpoint of step {} for {:.0f} s",
                         rank.activity.saving_step, hang.seconds);
    case Hang::Kind::kLost:
    case Hang::Kind::kCircle:
      break;
  }
  const RankStatus& waiting = ranks[static_cast<std::size_t>(hang.waiting)];
  const std::string message = waiting_for(waiting, cast, count, hang.waiting);
  const std::string receiver = name_of(cast, count, hang.waiting);
  if (hang.kind == Hang::Kind::kLost)
    return fmt::format("has gone on, but {} has waited {:.0f} s in {} for {}: the message is lost", receiver,
                       hang.seconds, doing(waiting.activity, hang.waiting == 0), message);
  return fmt::format("hangs: nobody goes on, and {} has waited {:.0f} s in {} for {}", receiver, hang.seconds,
                     doing(waiting.activity, hang.waiting == 0), message);
}

std::string line_of(const FailureReport& report) {
  const int count = static_cast<int>(report.ranks.size());
  if (report.kind == FailureReport::Kind::kStopped || report.kind == FailureReport::Kind::kLauncher)
    return fmt::format("interlock: error: {}; {}", report.text, advice(report));
  const RankStatus& culprit = report.ranks[static_cast<std::size_t>(report.rank)];
  const std::string waiting = waiting_for(culprit, report.cast, count, report.rank);
  const bool says = report.kind == FailureReport::Kind::kFailed;
  std::string line = fmt::format(
      "interlock: error: {} on {}, process {}, {}{} [{}{}{}]", name_of(report.cast, count, report.rank),
      culprit.host.empty() ? "an unknown host" : culprit.host, culprit.activity.pid, says ? "failed: " : "",
      report.text, doing(culprit.activity, report.rank == 0), waiting.empty() ? "" : ", waiting for ",
      waiting);
  if (const std::string todo = advice(report); !todo.empty()) line += "; " + todo;
  if (!report.run_folder.empty()) line += fmt::format("; all ranks: {}/failure.json", report.run_folder);
  return line;
}

}  // namespace interlock::watch
