#include "coordinator/progress_display.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "common/clock.h"

namespace interlock::coordinator {
namespace {

constexpr double kTerminalInterval = 0.1;  // seconds between redraws
constexpr int kLinesAnEpoch = 10;
constexpr std::size_t kUsualColumns = 80;

// mpirun gives its ranks a pseudo-terminal whatever its own output is, so under it isatty() alone says
// nothing: what counts is where mpirun, the parent process, writes to. "" where that is no terminal.
std::string terminal_of_output() {
  if (isatty(STDOUT_FILENO) == 0) return "";
  const bool under_mpirun = std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr;
  const std::string link = under_mpirun ? fmt::format("/proc/{}/fd/1", getppid()) : "/proc/self/fd/1";
  std::array<char, 64> target{};
  if (readlink(link.c_str(), target.data(), target.size() - 1) < 0) return "";
  const std::string path = target.data();
  return path.rfind("/dev/pts/", 0) == 0 || path.rfind("/dev/tty", 0) == 0 ? path : "";
}

// Asked anew each time: a window may be resized.
std::size_t columns_of(const std::string& terminal) {
  winsize size{};
  const int descriptor = ::open(terminal.c_str(), O_RDONLY | O_NOCTTY | O_CLOEXEC);
  const bool known = descriptor >= 0 && ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  if (descriptor >= 0) ::close(descriptor);
  return known ? size.ws_col : kUsualColumns;
}

}  // namespace

ProgressDisplay::ProgressDisplay(const Job& job)
    : job_(job),
      terminal_(terminal_of_output()),
      every_(job.config.run.log_every > 0 ? job.config.run.log_every
                                          : std::max<std::int64_t>(1, job.steps_per_epoch / kLinesAnEpoch)) {}

void ProgressDisplay::show(const StepMetrics& metrics, double seconds_left) {
  const double now = monotonic_seconds();
  const bool last = metrics.step == job_.total_steps;
  const bool due = terminal_.empty() ? metrics.step % every_ == 0 : now - last_shown_ >= kTerminalInterval;
  if (!due && !last) return;
  last_shown_ = now;
  const ProgressFacts facts{metrics, job_.config.training.epochs, job_.total_steps, seconds_left};
  if (terminal_.empty()) {
    fmt::print("{}\n", progress_line(facts, std::string::npos, /*with_bar=*/false));
  } else {
    // A line that fills the last column would make some terminals begin a new one.
    fmt::print("\r\033[K{}", progress_line(facts, columns_of(terminal_) - 1, /*with_bar=*/true));
    line_open_ = true;
  }
  std::fflush(stdout);
}

void ProgressDisplay::show(const EvalMetrics& metrics) {
  finish_line();
  fmt::print("{}\n", describe(metrics));
  std::fflush(stdout);
}

void ProgressDisplay::finish_line() {
  if (line_open_) fmt::print("\n");
  line_open_ = false;
}

std::string describe(const EvalMetrics& metrics) {
  std::string accuracies;
  for (std::size_t k = 0; k < metrics.accuracy.size(); ++k) {
    if (std::isnan(metrics.loss[k])) continue;
    accuracies +=
        fmt::format("{}stage {} {}", accuracies.empty() ? "" : ", ", k, format_percent(metrics.accuracy[k]));
  }
  const std::string perplexity =
      metrics.perplexity.empty() ? "" : "  perplexity " + format_losses(metrics.perplexity, 2);
  return fmt::format("evaluation after epoch {}: loss {}{}  accuracy {}", metrics.epoch,
                     format_losses(metrics.loss), perplexity, accuracies);
}

}  // namespace interlock::coordinator
