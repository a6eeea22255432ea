#include "cli/completion.h"

#include <sstream>

#include "config/reference.h"

namespace interlock::cli {
namespace {

// Of "TEXT:{a,b,c}", as CLI11 describes an option that takes one of a few, the three.
std::vector<std::string> values_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t open = type.find('{');
  const std::size_t close = type.find('}', open);
  std::vector<std::string> values;
  if (open == std::string::npos || close == std::string::npos) return values;
  std::istringstream list(type.substr(open + 1, close - open - 1));
  for (std::string value; std::getline(list, value, ',');) values.push_back(value);
  return values;
}

// One line, without what a shell would take for its own.
std::string plain(const std::string& description) {
  std::string text;
  for (const char c : description.substr(0, description.find('\n'))) {
    const bool special = c == '\'' || c == '"' || c == '`' || c == '$' || c == '\\' || c == '[' || c == ']';
    text += special ? ' ' : c;
  }
  return text;
}

void add_command(const CLI::App& app, const std::string& before, std::vector<CompletedCommand>& commands) {
  CompletedCommand command;
  command.name = before + app.get_name();
  command.description = plain(app.get_description());
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) {
      command.takes_config = command.takes_config || option->get_name(true) == "CONFIG";
      const std::vector<std::string> values = values_of(*option);
      command.words.insert(command.words.end(), values.begin(), values.end());
      continue;
    }
    for (const std::string& name : option->get_lnames()) {
      command.options.push_back({"--" + name, plain(option->get_description()),
                                 option->get_expected_max() > 0, values_of(*option)});
    }
  }
  const auto inner = app.get_subcommands([](const CLI::App* one) { return !one->get_group().empty(); });
  for (const CLI::App* one : inner) command.words.push_back(one->get_name());
  commands.push_back(command);
  for (const CLI::App* one : inner) add_command(*one, command.name + " ", commands);
}

}  // namespace

Completion completion_of(const CLI::App& app) {
  Completion completion;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!command->get_group().empty()) add_command(*command, "", completion.commands);
  }
  for (const config::KeyReference& key : config::reference())
    completion.keys.push_back({key.key, key.values});
  return completion;
}

}  // namespace interlock::cli
