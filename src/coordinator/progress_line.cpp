#include "coordinator/progress_line.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "common/text.h"

namespace interlock::coordinator {
namespace {

constexpr std::size_t kMostListed = 8;  // stages; of more, first and last

// How much is said, from everything to next to nothing.
struct Detail {
  int bar = 0;
  int digits = 4;
  bool short_words = false;
  bool each_loss = true;
  bool each_busy = true;
  bool busy = true;
  bool memory = true;
  bool rate = true;
};
constexpr std::array<Detail, 11> kDetails = {{
    {20},
    {10},
    {0},
    {0, 3},
    {0, 3, false, true, false},
    {0, 2, true, true, false},
    {0, 2, true, true, false, true, false},
    {0, 2, true, true, false, true, false, false},
    {0, 2, true, false, false, true, true},
    {0, 2, true, false, false, true, false},
    {0, 2, true, false, false, false, false, false},
}};

std::string bar(double fraction, int width) {
  const int filled = static_cast<int>(fraction * width);
  return fmt::format("[{}{}]", std::string(static_cast<std::size_t>(filled), '#'),
                     std::string(static_cast<std::size_t>(width - filled), '.'));
}

std::string losses_in(const PerStage& losses, const Detail& detail) {
  if (detail.each_loss && losses.size() <= kMostListed) return format_losses(losses, detail.digits);
  const auto exists = [](double loss) { return !std::isnan(loss); };
  const auto first = std::find_if(losses.begin(), losses.end(), exists);
  const auto last = std::find_if(losses.rbegin(), losses.rend(), exists);
  if (first == losses.end()) return "-";
  if (first + 1 == last.base()) return fmt::format("{:.{}f}", *first, detail.digits);
  return fmt::format("{:.{}f}..{:.{}f}", *first, detail.digits, *last, detail.digits);
}

std::string busy_in(const PerStage& fractions, const Detail& detail) {
  if (detail.each_busy && fractions.size() <= kMostListed) {
    std::string text;
    for (const double fraction : fractions) text += fmt::format("{:.0f} ", 100 * fraction);
    return text + "%";
  }
  const auto [least, most] = std::minmax_element(fractions.begin(), fractions.end());
  return fmt::format("{:.0f}-{:.0f}{}", 100 * *least, 100 * *most, detail.short_words ? "%" : " %");
}

std::string mebibytes(double number, bool in_short) {
  if (!in_short) return format_bytes(number * 1024 * 1024);
  return number < 10240 ? fmt::format("{:.0f}M", number) : fmt::format("{:.0f}G", number / 1024);
}

std::string line_with(const ProgressFacts& facts, const Detail& detail) {
  const StepMetrics& step = facts.step;
  const bool in_short = detail.short_words;
  const bool tokens = !std::isnan(step.tokens_per_second);
  std::vector<std::string> parts;
  parts.push_back(fmt::format("{} {}/{}", in_short ? "ep" : "epoch", step.epoch, facts.epochs));
  parts.push_back(fmt::format("step {}/{}", step.step, facts.steps));
  parts.push_back("loss " + losses_in(step.loss, detail));
  if (!std::isnan(step.accuracy))
    parts.push_back(in_short ? fmt::format("acc {:.0f}%", 100 * step.accuracy)
                             : "acc " + format_percent(step.accuracy));
  if (detail.busy && !step.busy_fraction.empty())
    parts.push_back("busy " + busy_in(step.busy_fraction, detail));
  if (detail.memory && !step.memory_mebibytes.empty()) {
    const double most = *std::max_element(step.memory_mebibytes.begin(), step.memory_mebibytes.end());
    parts.push_back((in_short ? "" : "mem ") + mebibytes(most, in_short));
  }
  const double rate = tokens ? step.tokens_per_second : step.samples_per_second;
  if (detail.rate)
    parts.push_back(in_short ? fmt::format("{:.0f}/s", rate)
                             : fmt::format("{:.0f} {}/s", rate, tokens ? "tokens" : "samples"));
  parts.push_back(format_duration(facts.seconds_left) + " left");
  const std::string line = join(parts, in_short ? " " : "  ");
  const double done =
      static_cast<double>(step.step) / static_cast<double>(std::max<std::int64_t>(1, facts.steps));
  return detail.bar == 0 ? line : bar(done, detail.bar) + " " + line;
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

std::string format_percent(double fraction) {
  return std::isfinite(fraction) ? fmt::format("{:.1f} %", 100 * fraction) : "-";
}

std::string progress_line(const ProgressFacts& facts, std::size_t columns, bool with_bar) {
  std::string line;
  for (const Detail& detail : kDetails) {
    if (detail.bar > 0 && !with_bar) continue;
    line = line_with(facts, detail);
    if (line.size() <= columns) return line;
  }
  return line.substr(0, columns);
}

}  // namespace interlock::coordinator
