#include "config/reference.h"

#include <map>
#include <sstream>

#include "common/text.h"

namespace interlock::config {

const char* config_page();  // docs/config.md, made by cmake/embed_page.cmake

namespace {

// "| a | b |" as {"a", "b"}.
std::vector<std::string> cells_of(const std::string& row) {
  std::vector<std::string> cells;
  std::istringstream stream(row.substr(1));
  for (std::string cell; std::getline(stream, cell, '|');) cells.emplace_back(trimmed(cell));
  return cells;
}

// Without backticks and asterisks; of "[text](address)" the text.
std::string without_markup(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '`' || text[i] == '*') continue;
    const std::size_t middle = text[i] == '[' ? text.find("](", i) : std::string::npos;
    const std::size_t end = middle == std::string::npos ? middle : text.find(')', middle);
    if (end == std::string::npos || text.find('`', i) < middle) {
      plain += text[i];
      continue;
    }
    plain += text.substr(i + 1, middle - i - 1);
    i = end;
  }
  return plain;
}

std::vector<std::string> in_backticks(const std::string& text) {
  std::vector<std::string> names;
  for (std::size_t at = text.find('`'); at != std::string::npos; at = text.find('`', at + 1)) {
    const std::size_t end = text.find('`', at + 1);
    if (end == std::string::npos) break;
    names.push_back(text.substr(at + 1, end - at - 1));
    at = end;
  }
  return names;
}

std::vector<std::string> values_in(const std::string& type, const std::string& range) {
  if (type == "switch" || type == "true or false") return {"true", "false"};
  if (type.find("name") == std::string::npos) return {};
  return in_backticks(range.substr(0, range.find(';')));  // conditions come after the names
}

KeyReference reference_of(const std::string& key, const std::vector<std::string>& cells) {
  const bool has_range = cells.size() > 4;
  const std::string range = has_range ? cells[3] : "";
  return {key,
          without_markup(cells[1]),
          without_markup(cells[2]),
          without_markup(range),
          without_markup(cells[has_range ? 4 : 3]),
          values_in(cells[1], range)};
}

std::vector<KeyReference> read_page() {
  std::vector<KeyReference> keys;
  std::vector<std::vector<std::string>> action_times;
  std::istringstream lines(config_page());
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("| `", 0) != 0) continue;
    const std::vector<std::string> cells = cells_of(line);
    const std::string key = without_markup(cells.at(0));
    if (cells.size() > 3 && key.find('.') != std::string::npos) {
      keys.push_back(reference_of(key, cells));
    } else if (cells.size() == 4) {
      action_times.push_back(cells);
    }
  }
  for (const char* map : {"schedule.costs.", "run.simulated."}) {
    for (const auto& cells : action_times)
      keys.push_back(reference_of(map + without_markup(cells[0]), cells));
  }
  return keys;
}

}  // namespace

const std::vector<KeyReference>& reference() {
  static const std::vector<KeyReference> keys = read_page();
  return keys;
}

}  // namespace interlock::config
