#include "report/page.h"

#include <fmt/format.h>

#include "common/text.h"
#include "common/version.h"
#include "report/format.h"

namespace interlock::report {
namespace {

// The browser's little picture beside the title: a staircase of three.
constexpr const char* kIcon =
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath "
    "fill='%230072b2' "
    "d='M1 11h6v4H1z'/%3E%3Cpath fill='%2300916b' d='M5 6h6v4H5z'/%3E%3Cpath fill='%23d55e00' d='M9 "
    "1h6v4H9z'/%3E%3C/svg%3E";

std::string title_of(const Comparison& comparison) {
  return comparison.single() ? comparison.runs.front().name
                             : fmt::format("{} runs compared", comparison.runs.size());
}

std::string stages_in_words(const Run& run) {
  std::string words = fmt::format("{} stage{}", run.stages, run.stages == 1 ? "" : "s");
  if (run.horizon > 0) words += fmt::format(", horizon {}", run.horizon);
  if (run.config) {
    const int micro_batches = run.config->schedule.micro_batches;
    words += fmt::format(", {} micro-batch{}", micro_batches, micro_batches == 1 ? "" : "es");
    const Placement placement = run.config->partition.placement();
    if (placement.replicated()) words += fmt::format(", {} replicas in all", placement.workers());
    words += fmt::format(", batches of {}", run.config->training.batch_size);
  }
  return words;
}

// Names every run with its colour; the script makes them switches.
std::string legend(const Comparison& comparison) {
  if (comparison.single()) return "";
  std::string html = "<div class=\"legend\">\n";
  for (std::size_t r = 0; r < comparison.runs.size(); ++r) {
    const Run& run = comparison.runs[r];
    html += fmt::format(
        "<button type=\"button\" data-run=\"{}\" aria-pressed=\"true\" title=\"{}\"><i class=\"swatch "
        "{}\"></i>{}</button>\n",
        r, escape_markup(fmt::format("{}: {}; {}", run.folder, stages_in_words(run), state_in_words(run))),
        run_class(static_cast<int>(r)), escape_markup(shorten(run.name, 40)));
  }
  return html + "</div>\n";
}

std::string head(const Comparison& comparison) {
  const std::string subtitle = comparison.single() ? fmt::format("{}; {}; {}", comparison.runs.front().folder,
                                                                 stages_in_words(comparison.runs.front()),
                                                                 state_in_words(comparison.runs.front()))
                                                   : "";
  return fmt::format("<header>\n<h1>{}</h1>\n{}</header>\n", escape_markup(title_of(comparison)),
                     subtitle.empty() ? "" : "<p>" + escape_markup(subtitle) + "</p>\n");
}

std::string contents(const std::vector<Section>& sections, const std::string& switches) {
  std::string html = "<nav>\n<div class=\"links\">";
  for (const Section& section : sections) {
    if (!section.title.empty())
      html += fmt::format("<a href=\"#{}\">{}</a>\n", section.id, escape_markup(section.title));
  }
  return html + "</div>\n" + switches + "</nav>\n";
}

std::string section_html(const Section& section) {
  std::string html = fmt::format("<section id=\"{}\">\n", section.id);
  if (!section.title.empty()) html += fmt::format("<h2>{}</h2>\n", escape_markup(section.title));
  if (!section.intro.empty()) html += fmt::format("<p class=\"intro\">{}</p>\n", section.intro);
  html += "<div class=\"blocks\">\n";
  for (const Block& block : section.blocks)
    html += block.figure.width > 0 ? block.figure.in_page() : block.html;
  return html + "</div>\n</section>\n";
}

}  // namespace

std::string page(const Comparison& comparison, const std::vector<Section>& sections) {
  std::vector<Section> shown;
  for (const Section& section : sections) {
    if (!section.blocks.empty()) shown.push_back(section);
  }
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light "
      "dark\">\n<title>{} - interlock</title>\n<link rel=\"icon\" "
      "href=\"{}\">\n<style>\n{}</style>\n</head>\n<body>\n",
      escape_markup(title_of(comparison)), kIcon, page_style());
  html += head(comparison);
  html += contents(shown, legend(comparison));
  html += "<main>\n";
  for (const Section& section : shown) html += section_html(section);
  html += fmt::format(
      "</main>\n<footer>interlock {}, report on {}</footer>\n<div id=\"tip\" "
      "hidden></div>\n<script>\n{}</script>\n</body>\n</html>\n",
      version(), comparison.single() ? "one run" : fmt::format("{} runs", comparison.runs.size()),
      page_script());
  return html;
}

}  // namespace interlock::report
