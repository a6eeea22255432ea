#include "coordinator/progress_display.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

#include <fmt/format.h>

#include "common/clock.h"
#include "common/text.h"

namespace interlock::coordinator {
namespace {

constexpr double kTerminalInterval = 0.1;  // seconds between redraws
constexpr int kLinesAnEpoch = 10;
constexpr int kBarWidth = 20;

// mpirun gives its ranks a pseudo-terminal whatever its own output is, so under it isatty() alone says
// nothing: what counts is where mpirun, the parent process, writes to.
bool output_is_terminal() {
  if (isatty(STDOUT_FILENO) == 0) return false;
  if (std::getenv("OMPI_COMM_WORLD_SIZE") == nullptr) return true;
  std::array<char, 64> target{};
  const std::string link = fmt::format("/proc/{}/fd/1", getppid());
  if (readlink(link.c_str(), target.data(), target.size() - 1) < 0) return false;
  const std::string path = target.data();
  return path.rfind("/dev/pts/", 0) == 0 || path.rfind("/dev/tty", 0) == 0;
}

std::string bar(double fraction) {
  const int filled = static_cast<int>(fraction * kBarWidth);
  return std::string(static_cast<std::size_t>(filled), '#') +
         std::string(static_cast<std::size_t>(kBarWidth - filled), '.');
}

std::string percent(double fraction) {
  return std::isfinite(fraction) ? fmt::format("{:.1f} %", 100 * fraction) : "-";
}

}  // namespace

std::string format_losses(const PerStage& losses, int digits) {
  std::string text;
  for (const double loss : losses) {
    if (!text.empty()) text += ' ';
    text += std::isnan(loss) ? "-" : fmt::format("{:.{}f}", loss, digits);
  }
  return text;
}

ProgressDisplay::ProgressDisplay(const Job& job)
    : job_(job),
      terminal_(output_is_terminal()),
      every_(job.config.run.log_every > 0 ? job.config.run.log_every
                                          : std::max<std::int64_t>(1, job.steps_per_epoch / kLinesAnEpoch)) {}

void ProgressDisplay::show(const StepMetrics& metrics, double seconds_left) {
  const double now = monotonic_seconds();
  const bool last = metrics.step == job_.total_steps;
  const bool due = terminal_ ? now - last_shown_ >= kTerminalInterval : metrics.step % every_ == 0;
  if (!due && !last) return;
  last_shown_ = now;
  const std::string text = fmt::format(
      "epoch {}/{}  step {}/{}  loss {}  acc {}  {:.0f} {}/s  {} left", metrics.epoch,
      job_.config.training.epochs, metrics.step, job_.total_steps, format_losses(metrics.loss),
      percent(metrics.accuracy), job_.text ? metrics.tokens_per_second : metrics.samples_per_second,
      job_.text ? "tokens" : "samples", format_duration(seconds_left));
  if (terminal_) {
    const double fraction = static_cast<double>(metrics.step) / static_cast<double>(job_.total_steps);
    fmt::print("\r\033[K[{}] {}", bar(fraction), text);
    line_open_ = true;
  } else {
    fmt::print("{}\n", text);
  }
  std::fflush(stdout);
}

void ProgressDisplay::show(const EvalMetrics& metrics) {
  finish_line();
  std::string accuracies;
  for (std::size_t k = 0; k < metrics.accuracy.size(); ++k) {
    if (std::isnan(metrics.loss[k])) continue;
    accuracies +=
        fmt::format("{}stage {} {}", accuracies.empty() ? "" : ", ", k, percent(metrics.accuracy[k]));
  }
  const std::string perplexity =
      metrics.perplexity.empty() ? "" : "  perplexity " + format_losses(metrics.perplexity, 2);
  fmt::print("evaluation after epoch {}: loss {}{}  accuracy {}\n", metrics.epoch,
             format_losses(metrics.loss), perplexity, accuracies);
  std::fflush(stdout);
}

void ProgressDisplay::finish_line() {
  if (line_open_) fmt::print("\n");
  line_open_ = false;
}

}  // namespace interlock::coordinator
