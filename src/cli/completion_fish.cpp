#include <fmt/format.h>

#include "cli/completion.h"
#include "common/text.h"

namespace interlock::cli {
namespace {

// When the words so far are those of this command: "config show" is config, then show.
std::string condition_of(const CompletedCommand& command) {
  const std::size_t space = command.name.find(' ');
  if (space == std::string::npos) return "__fish_seen_subcommand_from " + command.name;
  return fmt::format("__fish_seen_subcommand_from {}; and __fish_seen_subcommand_from {}",
                     command.name.substr(0, space), command.name.substr(space + 1));
}

std::string lines_of(const CompletedCommand& command) {
  const std::string condition = condition_of(command);
  std::string lines;
  for (const CompletedOption& option : command.options) {
    const std::string values = option.values.empty() ? "" : " -f -a '" + join(option.values, " ") + "'";
    lines += fmt::format("complete -c interlock -n '{}' -l {} -d '{}'{}{}\n", condition,
                         option.name.substr(2), option.description, option.takes_value ? " -r" : "", values);
  }
  if (!command.words.empty()) {
    lines += fmt::format("complete -c interlock -f -n '{}; and not __fish_seen_subcommand_from {}' -a '{}'\n",
                         condition, join(command.words, " "), join(command.words, " "));
  }
  if (command.takes_config)
    lines += fmt::format("complete -c interlock -n '{}' -a '(__interlock_settings)'\n", condition);
  return lines;
}

}  // namespace

std::string fish_completion(const Completion& completion) {
  std::vector<std::string> settings;
  for (const CompletedKey& key : completion.keys) {
    settings.push_back(key.key + "=");
    for (const std::string& value : key.values) settings.push_back(key.key + "=" + value);
  }
  std::string script =
      "# Completes the words of `interlock` in fish; made by `interlock completion fish`.\n"
      "function __interlock_settings\n"
      "  # keys only once a config is given\n"
      "  test (count (commandline -opc)) -gt 2; or return\n";
  script += "  printf '%s\\n' " + join(settings, " ") + "\nend\n";
  for (const CompletedCommand& command : completion.commands) {
    if (command.name.find(' ') == std::string::npos)
      script += fmt::format("complete -c interlock -f -n __fish_use_subcommand -a {} -d '{}'\n", command.name,
                            command.description);
    script += lines_of(command);
  }
  return script;
}

}  // namespace interlock::cli
