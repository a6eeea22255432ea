#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "common/text.h"
#include "report/format.h"
#include "report/planned.h"
#include "report/sections.h"
#include "schedule/timeline.h"

namespace interlock::report {
namespace {

constexpr std::size_t kMostDrawn = 8;
constexpr int kMostStages = 32;
constexpr int kMostActions = 1800;  // in all drawings: more make the page large, and cannot be told apart

std::string between(const std::string& text, const std::string& before, char after) {
  const std::size_t begin = text.find(before);
  if (begin == std::string::npos) return "";
  const std::size_t start = begin + before.size();
  return text.substr(start, text.find(after, start) - start);
}

// A drawing of schedule/timeline.h: an SVG file of its own, whose elements go into ours.
Figure figure_of(const std::string& svg) {
  Figure figure;
  figure.width = std::atof(between(svg, "width=\"", '"').c_str());
  const double height = std::atof(between(svg, "height=\"", '"').c_str());
  constexpr double kEmptyTitle = 28;
  figure.height = height - kEmptyTitle;
  const std::size_t paper = svg.find('>') + 1;
  const std::size_t begin = svg.find("/>", paper) + 2;  // the page has paper of its own
  const std::size_t end = svg.rfind("</svg>");
  figure.body = fmt::format(
      "<g class=\"timeline\" transform=\"translate(0 {})\" font-family=\"sans-serif\" "
      "font-size=\"11\">{}</g>\n",
      -kEmptyTitle, svg.substr(begin, end - begin));
  return figure;
}

std::string caption(const Planned& planned, double unit_seconds, const char* unit) {
  const schedule::Simulation& simulation = planned.simulation;
  std::string note =
      fmt::format("{}; step {:.4g} {}, bubble {:.1f} %; costs: {}", planned.description,
                  simulation.step_seconds * unit_seconds, unit, 100 * simulation.bubble(), planned.costs);
  return note;
}

}  // namespace

Section schedule_section(const Comparison& comparison) {
  Section section{"schedule", "Schedule", "", {}};
  section.intro =
      "The steady state as planned, two steps or as much as can be seen, one row a stage. For what a stage "
      "really did, take a trace "
      "(<code>profile.active</code>).";
  const int drawings = static_cast<int>(std::min(kMostDrawn, comparison.runs.size()));
  std::map<std::string, std::size_t> drawn;  // what is drawn once already
  for (std::size_t r = 0; r < std::min(kMostDrawn, comparison.runs.size()); ++r) {
    const Run& run = comparison.runs[r];
    const Planned planned = planned_schedule(run);
    if (!planned.problem.empty()) {
      section.add_html(fmt::format("<p class=\"notice\">No schedule of {}: {}.</p>\n",
                                   escape_markup(run.name), escape_markup(planned.problem)));
      continue;
    }
    schedule::TimelineOptions options;
    options.per_second = planned.known_times ? 1000 : 1;
    options.unit = planned.known_times ? "ms" : "forwards of a micro-batch";
    options.most_stages = kMostStages;
    options.most_actions = std::clamp(kMostActions / (std::min(run.stages, kMostStages) * drawings), 24, 400);
    Figure figure = figure_of(schedule::timeline_svg(planned.simulation, options));
    figure.id = fmt::format("schedule-{}", r);
    figure.title = comparison.single() ? "Planned timeline" : run.name + ": planned timeline";
    figure.note = caption(planned, options.per_second, planned.known_times ? "ms" : "forwards");
    figure.alternative = figure.note;
    figure.wide = true;
    const auto [same, added] = drawn.emplace(figure.body + figure.note, r);
    if (!added) {
      section.add_html(fmt::format("<p class=\"notice\">{} has the schedule of {}.</p>\n",
                                   escape_markup(run.name),
                                   escape_markup(comparison.runs[same->second].name)));
      continue;
    }
    section.add(std::move(figure));
  }
  return section;
}

}  // namespace interlock::report
