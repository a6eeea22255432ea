#include <fmt/format.h>

#include "cli/completion.h"
#include "common/text.h"

namespace interlock::cli {
namespace {

constexpr const char* kHead =
    R"sh(# Completes the words of `interlock` in bash; made by `interlock completion bash`.
_interlock() {
  # bash cuts words at '=' and ':' too; this takes the line as it was typed.
  local line=${COMP_LINE:0:COMP_POINT}
  local -a words
  read -ra words <<< "$line"
  local current=""
  [[ $line == *[[:space:]] ]] || current=${words[-1]}
  [[ $line == *[[:space:]] ]] || unset 'words[-1]'
  local command=${words[1]-}
  local previous=${words[-1]-}
  local commands options="" inner="" values="" config="" file=""
)sh";

constexpr const char* kBashTail = R"sh(
  if [[ -z $command ]]; then
    [[ $current == -* ]] && commands="--help --version"
    COMPREPLY=($(compgen -W "$commands" -- "$current"))
    return
  fi
  if [[ -n $values ]]; then
    COMPREPLY=($(compgen -W "$values" -- "$current"))
    return
  fi
  if [[ $current == -* && -z $file ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
    return
  fi
  if [[ -n $inner && -z $file ]]; then
    COMPREPLY=($(compgen -W "$inner" -- "$current"))
    return
  fi
  if [[ -n $config && -z $file && $current == *.*=* ]]; then
    _interlock_values "${current%%=*}"
    local start=${current%%=*}=
    [[ $COMP_WORDBREAKS == *=* ]] && start=""
    COMPREPLY=($(compgen -P "$start" -W "$REPLY" -- "${current#*=}"))
    return
  fi
  if [[ -n $config && -z $file && $config_given == 1 ]]; then
    COMPREPLY=($(compgen -S = -W "$_interlock_keys" -- "$current"))
    compopt -o nospace 2> /dev/null
    return
  fi
  local folders
  mapfile -t folders < <(compgen -d -- "$current")
  if [[ -n $config && -z $file ]]; then
    mapfile -t COMPREPLY < <(compgen -f -X '!*.yaml' -- "$current"; compgen -f -X '!*.yml' -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  fi
  COMPREPLY+=("${folders[@]}")
  compopt -o filenames 2> /dev/null
}
)sh";

std::string names_of(const std::vector<CompletedOption>& options) {
  std::vector<std::string> names;
  for (const CompletedOption& option : options) names.push_back(option.name);
  return join(names, " ");
}

// What may follow the option before the cursor: one of a few words, or a file for all we know.
std::string value_cases(const CompletedCommand& command) {
  std::string cases;
  for (const CompletedOption& option : command.options) {
    if (!option.takes_value) continue;
    cases += option.values.empty()
                 ? fmt::format(" {}) file=yes ;;", option.name)
                 : fmt::format(" {}) values=\"{}\" ;;", option.name, join(option.values, " "));
  }
  return cases.empty() ? "" : fmt::format("\n      case $previous in{} esac", cases);
}

}  // namespace

std::string bash_completion(const Completion& completion) {
  std::vector<std::string> names;
  std::string cases;
  for (const CompletedCommand& command : completion.commands) {
    const bool outer = command.name.find(' ') == std::string::npos;
    if (outer) names.push_back(command.name);
    cases += fmt::format("    \"{}\")\n      options=\"{}\" inner=\"{}\" config=\"{}\"{} ;;\n", command.name,
                         names_of(command.options), join(command.words, " "),
                         command.takes_config ? "yes" : "", value_cases(command));
  }
  std::vector<std::string> keys;
  std::string values;
  for (const CompletedKey& key : completion.keys) {
    keys.push_back(key.key);
    if (!key.values.empty())
      values += fmt::format("    {}) REPLY=\"{}\" ;;\n", key.key, join(key.values, " "));
  }
  std::string script = kHead;
  script += fmt::format("  commands=\"{}\"\n", join(names, " "));
  // A command of two words, then: has the config been given?
  script +=
      "  local first=2\n"
      "  case \"$command ${words[2]-}\" in\n";
  for (const CompletedCommand& command : completion.commands) {
    if (command.name.find(' ') != std::string::npos)
      script += fmt::format("    \"{0}\") command=\"{0}\" first=3 ;;\n", command.name);
  }
  script +=
      "  esac\n"
      "  local config_given=0 word\n"
      "  for word in \"${words[@]:first}\"; do [[ $word == -* ]] || config_given=1; done\n"
      "  case $command in\n" +
      cases + "  esac\n";
  script += kBashTail;
  script += "_interlock_values() {\n  REPLY=\"\"\n  case $1 in\n" + values + "  esac\n}\n";
  script += fmt::format("_interlock_keys=\"{}\"\n", join(keys, " "));
  return script + "complete -F _interlock interlock\n";
}

}  // namespace interlock::cli
