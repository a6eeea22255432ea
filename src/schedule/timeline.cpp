#include "schedule/timeline.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>

#include <fmt/format.h>

#include "common/error.h"
#include "schedule/text.h"

namespace interlock::schedule {
namespace {

constexpr int kLeastColumns = 10;  // however narrow the terminal is
constexpr int kKinds = 6;

// What happens in one column: the kind that takes most of it, by its longest action.
struct Column {
  std::array<double, kKinds> seconds{};
  std::array<const Span*, kKinds> longest{};
  std::array<double, kKinds> longest_seconds{};
  double busy = 0;
};

std::vector<Column> columns_of(const std::vector<Span>& spans, const TimeWindow& window, int count) {
  std::vector<Column> columns(static_cast<std::size_t>(count));
  const double each = (window.end - window.begin) / count;
  const auto first = std::lower_bound(spans.begin(), spans.end(), window.begin,
                                      [](const Span& span, double time) { return span.end <= time; });
  for (auto span = first; span != spans.end() && span->start < window.end; ++span) {
    const double from = std::max(0.0, (span->start - window.begin) / each);
    const double to = std::min<double>(count, (span->end - window.begin) / each);
    const auto kind = static_cast<std::size_t>(span->action.kind);
    for (int c = static_cast<int>(from); c < count && c < to; ++c) {
      Column& column = columns[static_cast<std::size_t>(c)];
      const double part = std::min<double>(to, c + 1) - std::max<double>(from, c);
      column.busy += part;
      column.seconds[kind] += part;
      if (part <= column.longest_seconds[kind]) continue;
      column.longest_seconds[kind] = part;
      column.longest[kind] = &*span;
    }
  }
  return columns;
}

std::string letters_of(const std::vector<Column>& columns) {
  constexpr double kHalf = 0.5 - 1e-6;  // rounding must not turn a column that is half busy into waiting
  std::string letters;
  const Span* before = nullptr;
  for (const Column& column : columns) {
    const auto most = static_cast<std::size_t>(
        std::max_element(column.seconds.begin(), column.seconds.end()) - column.seconds.begin());
    const Span* const shown = column.busy < kHalf ? nullptr : column.longest[most];
    if (shown == nullptr) {
      letters += '.';
    } else {
      const char letter = to_text(shown->action).front();
      letters += shown == before ? static_cast<char>(std::tolower(letter)) : letter;
    }
    before = shown;
  }
  return letters;
}

}  // namespace

TimeWindow steady_window(const Simulation& simulation, int steps) {
  INTERLOCK_CHECK(!simulation.timeline.empty(), "simulated without its timeline");
  double end = std::numeric_limits<double>::infinity();
  for (const std::vector<Span>& spans : simulation.timeline) end = std::min(end, spans.back().end);
  const double length = steps * simulation.step_seconds;
  double begin = std::max(0.0, end - length);
  int batch = -1;
  double begins_batch = -1;
  for (const Span& span : simulation.timeline.front()) {
    if (span.start > begin * (1 + 1e-9)) break;
    if (span.batch != batch) begins_batch = span.start;
    batch = span.batch;
  }
  if (begins_batch > 0) begin = begins_batch;
  return {begin, begin + length};
}

std::vector<int> shown_stages(int stages, int most) {
  std::vector<int> shown;
  const int first = stages <= most ? stages : std::max(1, most / 2);
  const int last = stages <= most ? 0 : std::max(1, most - first - 1);
  for (int stage = 0; stage < first; ++stage) shown.push_back(stage);
  if (last > 0) shown.push_back(-1);
  for (int stage = stages - last; stage < stages; ++stage) shown.push_back(stage);
  return shown;
}

std::string timeline_text(const Simulation& simulation, const TimelineOptions& options) {
  const TimeWindow window = steady_window(simulation, 1);
  const int stages = static_cast<int>(simulation.timeline.size());
  const std::vector<int> shown = shown_stages(stages, options.most_stages);
  const int label = static_cast<int>(std::to_string(stages - 1).size());
  const int columns =
      std::max(kLeastColumns, options.width - label - static_cast<int>(sizeof "stage  ||") + 1);

  std::string text;
  for (const int stage : shown) {
    if (stage < 0) {
      text += fmt::format("... {} more stages ...\n", stages - static_cast<int>(shown.size()) + 1);
      continue;
    }
    const std::vector<Span>& spans = simulation.timeline[static_cast<std::size_t>(stage)];
    text += fmt::format("stage {:>{}} |{}|\n", stage, label, letters_of(columns_of(spans, window, columns)));
  }
  text += fmt::format(
      "{:>{}}\n",
      fmt::format("one step: {:.4g} {}", options.per_second * (window.end - window.begin), options.unit),
      label + columns + static_cast<int>(sizeof "stage  ||") - 1);
  return text;
}

}  // namespace interlock::schedule
