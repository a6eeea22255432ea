#include "tools/doctor/finding.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace interlock::tools {
namespace {

using nlohmann::ordered_json;

std::string counted(std::size_t count, const std::string& noun) {
  return fmt::format("{} {}{}", count == 0 ? "no" : std::to_string(count), noun, count == 1 ? "" : "s");
}

}  // namespace

std::string name_of(Level level) {
  return level == Level::kOk ? "ok" : level == Level::kWarning ? "warning" : "problem";
}

std::string as_text(const std::vector<Finding>& findings) {
  std::string text;
  std::string section;
  std::size_t warnings = 0;
  std::size_t problems = 0;
  for (const Finding& finding : findings) {
    if (finding.section != section) text += fmt::format("{}{}\n", text.empty() ? "" : "\n", finding.section);
    section = finding.section;
    text += fmt::format("  {:<8} {}\n", name_of(finding.level), finding.what);
    if (!finding.advice.empty()) text += fmt::format("           -> {}\n", finding.advice);
    warnings += finding.level == Level::kWarning ? 1 : 0;
    problems += finding.level == Level::kProblem ? 1 : 0;
  }
  return text + fmt::format("\n{}, {}\n", counted(problems, "problem"), counted(warnings, "warning"));
}

std::string as_json(const std::vector<Finding>& findings) {
  ordered_json list = ordered_json::array();
  for (const Finding& finding : findings) {
    list.push_back(
        {{"section", finding.section},
         {"level", name_of(finding.level)},
         {"what", finding.what},
         {"advice", finding.advice.empty() ? ordered_json() : ordered_json(finding.advice)},
         {"exit_code", static_cast<int>(finding.level == Level::kProblem ? finding.code : ExitCode::kOk)}});
  }
  const ordered_json document = {{"exit_code", exit_code_of(findings)}, {"findings", list}};
  return document.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::vector<Finding> from_json(const std::string& text) {
  const ordered_json document = ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  INTERLOCK_CHECK(document.is_object() && document.contains("findings"), text.substr(0, 200));
  std::vector<Finding> findings;
  for (const ordered_json& entry : document["findings"]) {
    Finding finding;
    finding.section = entry.value("section", "");
    finding.what = entry.value("what", "");
    if (entry.contains("advice") && entry["advice"].is_string())
      finding.advice = entry["advice"].get<std::string>();
    const std::string level = entry.value("level", "");
    finding.level = level == "ok" ? Level::kOk : level == "warning" ? Level::kWarning : Level::kProblem;
    finding.code = static_cast<ExitCode>(entry.value("exit_code", 0));
    findings.push_back(finding);
  }
  return findings;
}

int exit_code_of(const std::vector<Finding>& findings) {
  int worst = 0;
  for (const Finding& finding : findings) {
    if (finding.level == Level::kProblem) worst = std::max(worst, static_cast<int>(finding.code));
  }
  return worst;
}

}  // namespace interlock::tools
