#include "schedule/schedule_file.h"

#include <cstdio>
#include <sstream>

#include <fmt/format.h>

#include "common/error.h"
#include "schedule/text.h"
#include "schedule/validator.h"

namespace interlock::schedule {
namespace {

[[noreturn]] void refuse(const std::string& source, int line, const std::string& problem) {
  throw UsageError(fmt::format("{}:{}: {}", source, line, problem));
}

}  // namespace

std::string to_text(const Schedule& schedule) {
  std::string text;
  for (std::size_t k = 0; k < schedule.size(); ++k)
    text += fmt::format("stage {}: {}\n", k, to_text(schedule[k]));
  return text;
}

Schedule parse_schedule(const std::string& text, const std::string& source) {
  Schedule schedule;
  std::istringstream stream(text);
  int number = 0;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    line = line.substr(0, line.find('#'));
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    int stage = 0;
    int used = 0;
    if (std::sscanf(line.c_str(), " stage %d :%n", &stage, &used) != 1 || used == 0)
      refuse(source, number, "expected 'stage <k>: <actions>'");
    if (stage != static_cast<int>(schedule.size()))
      refuse(source, number, fmt::format("stage {}, but stage {} is next", stage, schedule.size()));
    try {
      schedule.push_back(parse_program(line.substr(static_cast<std::size_t>(used))));
    } catch (const UsageError& error) {
      refuse(source, number, error.what());
    }
  }
  return schedule;
}

Schedule parse_valid_schedule(const std::string& text, const std::string& source, const GradientRule& rule,
                              int micro_batches, const std::vector<int>& in_flight) {
  Schedule schedule = parse_schedule(text, source);
  if (static_cast<int>(schedule.size()) != rule.stages()) {
    throw UsageError(
        fmt::format("{}: has {} stages, but the config has {} (partition.stages); write it again with "
                    "`interlock plan CONFIG --write {}`",
                    source, schedule.size(), rule.stages(), source));
  }
  try {
    validate(rule, micro_batches, schedule, in_flight);
  } catch (const BrokenInvariant& fault) {
    throw UsageError(
        fmt::format("{}: {}; if it was written for another horizon, cut or number of micro-batches, write "
                    "it again with `interlock plan CONFIG --write {}`",
                    source, fault.what(), source));
  }
  return schedule;
}

}  // namespace interlock::schedule
