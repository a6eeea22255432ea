#include "config/difference.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "common/text.h"

namespace interlock::config {
namespace {

using Entries = std::vector<std::pair<std::string, std::string>>;

// The lines of to_yaml() by key: a section at the margin, a key two spaces in, what belongs to it further in.
Entries entries_of(const Config& config) {
  Entries entries;
  std::string section;
  std::istringstream lines(to_yaml(config));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t depth = line.find_first_not_of(' ');
    if (depth == 0) {
      section = line.substr(0, line.find(':'));
    } else if (depth == 2) {
      const std::size_t colon = line.find(':');
      const std::string value = colon + 2 < line.size() ? line.substr(colon + 2) : "";
      entries.emplace_back(section + "." + line.substr(depth, colon - depth), value);
    } else if (!entries.empty()) {
      entries.back().second += (entries.back().second.empty() ? "" : " ") + line.substr(depth);
    }
  }
  return entries;
}

std::string value_of(const Entries& entries, const std::string& key) {
  for (const auto& [name, value] : entries) {
    if (name == key) return value;
  }
  return "";
}

bool changes_the_experiment(const std::string& key, bool cut_anew) {
  for (const char* section : {"partition.", "schedule.", "run.", "profile."}) {
    if (key.rfind(section, 0) == 0) return false;
  }
  if (cut_anew && key == "learning.heads") return false;  // one a stage
  static const std::vector<std::string> harmless = {"training.epochs",
                                                    "training.max_steps",
                                                    "training.eval_every_epochs",
                                                    "training.nonfinite",
                                                    "training.nonfinite_limit",
                                                    "training.recompute",
                                                    "data.threads",
                                                    "data.cache",
                                                    "data.vocabulary",
                                                    "data.eval_limit",
                                                    "model.init"};
  return std::find(harmless.begin(), harmless.end(), key) == harmless.end();
}

}  // namespace

std::vector<Difference> differences(const Config& left, const Config& right) {
  const Entries ours = entries_of(left);
  const Entries theirs = entries_of(right);
  std::vector<Difference> found;
  for (const auto& [key, value] : ours) {
    if (const std::string other = value_of(theirs, key); other != value) found.push_back({key, value, other});
  }
  for (const auto& [key, value] : theirs) {
    const auto same = [&name = key](const auto& entry) { return entry.first == name; };
    if (std::none_of(ours.begin(), ours.end(), same)) found.push_back({key, "", value});
  }
  return found;
}

std::vector<Difference> differences_of_experiment(const Config& left, const Config& right) {
  const bool cut_anew = left.partition.stages != right.partition.stages;
  std::vector<Difference> found = differences(left, right);
  found.erase(
      std::remove_if(found.begin(), found.end(),
                     [&](const Difference& each) { return !changes_the_experiment(each.key, cut_anew); }),
      found.end());
  return found;
}

std::string in_words(const std::vector<Difference>& differences) {
  constexpr std::size_t kMost = 4;
  std::vector<std::string> parts;
  for (const Difference& each : differences) {
    if (parts.size() == kMost) {
      parts.push_back(fmt::format("and {} more", differences.size() - kMost));
      break;
    }
    const auto shown = [](const std::string& value) { return value.empty() ? "not given" : value; };
    parts.push_back(fmt::format("{} is {}, was {}", each.key, shown(each.right), shown(each.left)));
  }
  return join(parts, "; ");
}

}  // namespace interlock::config
