#include <chrono>
#include <filesystem>
#include <memory>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

#include "common/clock.h"
#include "common/error.h"
#include "common/files.h"
#include "runs/metrics.h"
#include "tools/commands.h"
#include "tools/top/frame.h"
#include "tools/top/live.h"
#include "tools/top/terminal.h"

namespace interlock::tools {
namespace {

constexpr double kStale = 5;                // seconds: live.json is written every second
constexpr std::uint64_t kRecent = 1 << 20;  // bytes at the end of metrics.jsonl: some thousand steps
constexpr std::size_t kMostSteps = 2000;

struct TopArguments {
  std::string run;
  double interval = 1;
  bool once = false;
};

std::string own_host() {
  char name[256] = {};
  gethostname(name, sizeof(name) - 1);
  return name;
}

// A process that has ended but that nobody has waited for, as in containers without an init, runs no more.
bool runs(int pid) {
  std::string stat, reason;
  if (!read_file(fmt::format("/proc/{}/stat", pid), stat, reason)) return false;
  const std::size_t name_end = stat.rfind(')');
  return name_end != std::string::npos && stat.compare(name_end, 3, ") Z") != 0;
}

// On another host, only the age of its file tells.
bool is_gone(const LiveRun& run, double now) {
  if (run.is_over() || run.ranks.empty() || now - run.time < kStale) return false;
  const LiveProcess& coordinator = run.ranks.front();
  return coordinator.host == own_host() && !runs(coordinator.pid);
}

// A run's folder, as it is now and as it was a moment ago.
class View {
 public:
  explicit View(std::string folder)
      : folder_(std::move(folder)), follower_(folder_ + "/metrics.jsonl", kRecent) {}

  // False while there is nothing to see.
  bool look() {
    std::optional<LiveRun> run = read_live(folder_);
    if (run) run_ = std::move(run);
    if (!run_) return false;
    try {
      follower_.poll(metrics_);
    } catch (const IoError&) {  // no step yet
    }
    if (metrics_.steps.size() > 2 * kMostSteps)
      metrics_.steps.erase(metrics_.steps.begin(), metrics_.steps.end() - kMostSteps);
    around_.run_folder = folder_;
    around_.now = wall_seconds();
    around_.gone = is_gone(*run_, around_.now);
    if (!metrics_.steps.empty()) around_.step_seconds = metrics_.steps.back().step_seconds;
    around_.losses.clear();
    for (const runs::Step& step : metrics_.steps)
      around_.losses.push_back(step.loss.empty() ? kUnknown : step.loss.back());
    return true;
  }

  [[nodiscard]] bool is_over() const { return run_->is_over() || around_.gone; }

  std::vector<Line> lines(TerminalSize size) {
    around_.columns = size.columns;
    around_.rows = size.rows;
    return frame(*run_, around_);
  }

 private:
  std::string folder_;
  runs::MetricsFollower follower_;
  runs::Metrics metrics_;
  std::optional<LiveRun> run_;
  Surroundings around_;
};

void print_plain(const std::vector<Line>& lines) {
  for (const Line& line : lines) fmt::print("{}\n", line.text);
}

int watch_run(View& view, const TopArguments& arguments) {
  {
    Terminal terminal;
    while (true) {
      const bool seen = view.look();
      if (seen && view.is_over()) break;
      terminal.show(
          seen ? view.lines(terminal_size())
               : std::vector<Line>{{arguments.run + ": no run has begun here yet", LineKind::kFaint}});
      if (!terminal.wait(arguments.interval)) return 0;
    }
  }
  print_plain(view.lines(terminal_size()));
  return 0;
}

int top_command(const TopArguments& arguments) {
  if (!std::filesystem::is_directory(arguments.run))
    throw UsageError(
        fmt::format("{}: no such folder; give a run's folder, as in interlock top runs/mlp", arguments.run));
  View view(arguments.run);
  if (!arguments.once && output_is_terminal()) return watch_run(view, arguments);
  if (!view.look())
    throw DataError(fmt::format("{}: no live.json: no run has begun here, or an older interlock wrote it",
                                arguments.run));
  print_plain(view.lines(terminal_size()));
  return 0;
}

}  // namespace

void add_top_command(CLI::App& app, cli::Run& run) {
  const auto arguments = std::make_shared<TopArguments>();
  CLI::App* const command = app.add_subcommand("top", "watch a run that is training, from another terminal");
  command->add_option("RUN", arguments->run, "the run's folder")->required();
  command->add_option("--interval", arguments->interval, "seconds between looks (default 1)")
      ->check(CLI::Range(0.1, 3600.0));
  command->add_flag("--once", arguments->once, "print one look and end (also where output is no terminal)");
  command->callback([arguments, &run] { run = [arguments] { return top_command(*arguments); }; });
}

}  // namespace interlock::tools
