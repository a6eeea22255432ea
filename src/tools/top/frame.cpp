#include "tools/top/frame.h"

#include <algorithm>
#include <cmath>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "common/text.h"
#include "tools/top/characters.h"

namespace interlock::tools {
namespace {

constexpr double kSilent = 5;     // seconds: heartbeats come every second
constexpr double kLongWait = 10;  // and more than a few steps
constexpr double kLate = 5;       // live.json is written every second
constexpr std::size_t kLinesBesides = 9;

std::string bar(double fraction, int width, char full = '#', char empty = '.') {
  const int filled =
      std::isfinite(fraction) ? static_cast<int>(std::clamp(fraction, 0.0, 1.0) * width + 0.5) : 0;
  return std::string(static_cast<std::size_t>(filled), full) +
         std::string(static_cast<std::size_t>(width - filled), empty);
}

std::string number(double value, int digits) {
  return std::isfinite(value) ? fmt::format("{:.{}f}", value, digits) : "-";
}

std::string percent(double fraction) {
  return std::isfinite(fraction) ? fmt::format("{:.1f} %", 100 * fraction) : "-";
}

double at(const std::vector<double>& values, int stage) {
  const auto index = static_cast<std::size_t>(stage);
  return stage >= 0 && index < values.size() ? values[index] : kUnknown;
}

std::string place_of(const LiveProcess& process) {
  return process.stage < 0
             ? fmt::format("rank {}", process.rank)
             : fmt::format("rank {} (stage {}{})", process.rank, process.stage,
                           process.replica > 0 ? fmt::format(", replica {}", process.replica) : "");
}

std::string doing(const LiveProcess& process) {
  const std::string step = fmt::format("step {}", process.step);
  std::string text = process.phase == "training" || process.phase == "evaluating" ? step : process.phase;
  if (!process.waiting_for.empty())
    text = fmt::format("waits {:.{}f} s for {}", process.seconds, process.seconds < 1 ? 2 : 0,
                       process.waiting_for);
  else if (!process.action.empty())
    text += ", " + process.action;
  if (process.waiting_for.empty() && process.micro_batch >= 0)
    text += fmt::format(" of micro-batch {}", process.micro_batch);
  if (process.saving_step >= 0)
    text += fmt::format("; writes the checkpoint of step {}", process.saving_step);
  return text;
}

void add_progress(const LiveRun& run, const Surroundings& around, std::vector<Line>& lines) {
  const double done = run.steps > 0 ? static_cast<double>(run.step) / static_cast<double>(run.steps) : 0;
  const std::string left =
      std::isfinite(run.seconds_left) && !run.is_over() ? format_duration(run.seconds_left) + " left, " : "";
  const double seconds = (run.is_over() || around.gone ? run.time : around.now) - run.started;
  lines.push_back(
      {fmt::format("epoch {}/{}  step {}/{}  [{}] {:.1f} %  {}{} so far", run.epoch, run.epochs, run.step,
                   run.steps, bar(done, 30), 100 * done, left, format_duration(std::max(0.0, seconds)))});
  const bool tokens = std::isfinite(run.tokens_per_second);
  std::string facts =
      fmt::format("{} {}/s  lr {:g}", number(tokens ? run.tokens_per_second : run.samples_per_second, 0),
                  tokens ? "tokens" : "samples", run.lr);
  if (std::isfinite(run.accuracy)) facts += "  accuracy " + percent(run.accuracy);
  if (run.step > 0 && std::isfinite(run.lr)) lines.push_back({facts});
  if (around.losses.size() < 2 || !std::isfinite(around.losses.back())) return;
  const std::size_t width = std::min<std::size_t>(60, around.columns / 2);
  lines.push_back({fmt::format("loss  {}  {}  (the last {} steps, {} a block)",
                               blocks(means(around.losses, width), width), number(around.losses.back(), 4),
                               around.losses.size(), (around.losses.size() + width - 1) / width)});
}

void add_stages(const LiveRun& run, const Surroundings& around, std::vector<Line>& lines) {
  const bool replicated = std::any_of(run.ranks.begin(), run.ranks.end(),
                                      [](const LiveProcess& process) { return process.replica > 0; });
  const std::size_t most = around.rows > kLinesBesides + 3 ? around.rows - kLinesBesides : 3;
  lines.push_back({""});
  lines.push_back({fmt::format("{:>5} {:>9}  {:<16} {:>10}  {}", "stage", "loss", "busy", "memory", "now"),
                   LineKind::kHeading});
  std::size_t shown = 0, workers = 0;
  const auto add_row = [&](int stage, const std::string& name, bool numbers, const std::string& now) {
    ++workers;
    if (shown == most) return;
    ++shown;
    const double busy = at(run.busy_fraction, stage);
    const double memory = at(run.memory_mebibytes, stage);
    if (!numbers) return lines.push_back({fmt::format("{:>5} {:>40}  {}", name, "", now)});
    lines.push_back(
        {fmt::format("{:>5} {:>9}  {} {:>5} {:>10}  {}", name, number(at(run.loss, stage), 4), bar(busy, 10),
                     std::isfinite(busy) ? fmt::format("{:.0f} %", 100 * busy) : "-",
                     std::isfinite(memory) ? format_bytes(memory * 1024 * 1024) : "-", now)});
  };
  if (run.ranks.size() < 2) {  // a single process plays all stages
    for (int stage = 0; stage < run.stages; ++stage) add_row(stage, std::to_string(stage), true, "");
  }
  for (const LiveProcess& process : run.ranks) {
    if (process.stage < 0) continue;
    const std::string name =
        replicated ? fmt::format("{}.{}", process.stage, process.replica) : std::to_string(process.stage);
    add_row(process.stage, name, process.replica == 0, run.is_over() || around.gone ? "" : doing(process));
  }
  if (workers > shown) lines.push_back({fmt::format("      and {} more", workers - shown), LineKind::kFaint});
  lines.push_back({""});
}

void add_saved(const LiveRun& run, const Surroundings& around, std::vector<Line>& lines) {
  if (run.checkpoint_step >= 0)
    lines.push_back({fmt::format("checkpoint   step {}, {} ago, {}", run.checkpoint_step,
                                 format_duration(std::max(0.0, around.now - run.checkpoint_time)),
                                 format_bytes(run.checkpoint_bytes))});
  if (run.evaluated_step < 0) return;
  std::vector<std::string> losses, accuracies;
  for (const double loss : run.evaluation_loss) losses.push_back(number(loss, 4));
  for (const double accuracy : run.evaluation_accuracy) accuracies.push_back(percent(accuracy));
  lines.push_back({fmt::format("evaluation   epoch {}: loss {}  accuracy {}", run.evaluated_epoch,
                               join(losses, " "), join(accuracies, " "))});
}

void add_warnings(const LiveRun& run, const Surroundings& around, std::vector<Line>& lines) {
  const auto warn = [&](const std::string& text) {
    for (const std::string& part : wrapped(text, around.columns)) lines.push_back({part, LineKind::kWarning});
  };
  if (!run.message.empty()) warn(run.message);
  if (run.is_over()) return;
  const double late = around.now - run.time;
  if (around.gone) {
    warn(fmt::format("died without a word {} ago; the same command goes on from the last checkpoint",
                     format_duration(late)));
    return;
  }
  if (late > kLate)
    warn(fmt::format("live.json is {} old: the coordinator, or the disk, stands still",
                     format_duration(late)));
  const double long_wait =
      std::max(kLongWait, 3 * (std::isfinite(around.step_seconds) ? around.step_seconds : 0));
  for (const LiveProcess& process : run.ranks) {
    if (process.silent_seconds > kSilent)
      warn(fmt::format("{} on {}, process {}, has given no sign of life for {}", place_of(process),
                       process.host, process.pid, format_duration(process.silent_seconds)));
    else if (process.stage >= 0 && !process.waiting_for.empty() && process.seconds > long_wait)
      warn(fmt::format("{} has waited {} for {}", place_of(process), format_duration(process.seconds),
                       process.waiting_for));
  }
}

}  // namespace

std::vector<Line> frame(const LiveRun& run, const Surroundings& around) {
  const std::time_t clock = static_cast<std::time_t>(around.now);
  std::vector<Line> lines;
  lines.push_back({fmt::format("{}  {}  {} stage{}, horizon {}  {:%H:%M:%S}", around.run_folder,
                               around.gone ? "died" : run.state, run.stages, run.stages == 1 ? "" : "s",
                               run.horizon, fmt::localtime(clock)),
                   LineKind::kHeading});
  add_progress(run, around, lines);
  add_stages(run, around, lines);
  add_saved(run, around, lines);
  add_warnings(run, around, lines);
  for (Line& line : lines) line.text = clipped(line.text, around.columns);
  return lines;
}

}  // namespace interlock::tools
