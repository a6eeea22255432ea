#include <fmt/format.h>

#include "cli/completion.h"
#include "common/text.h"

namespace interlock::cli {
namespace {

constexpr const char* kZshTail = R"sh(
  if (( CURRENT == 2 )) && [[ $PREFIX != -* ]]; then
    _describe -t commands command commands
    return
  fi
  if (( ${#following} )); then
    compadd -a following
    return
  fi
  if [[ $PREFIX == -* ]]; then
    _describe -o -t options option options
    return
  fi
  if (( ${#inner} )); then
    compadd -a inner
    return
  fi
  if [[ $config == yes && $PREFIX == *.*=* ]]; then
    local key=${PREFIX%%=*}
    compset -P '*='
    compadd -- ${=_interlock_values[$key]}
    return
  fi
  if [[ $config == yes ]] && (( given )); then
    compadd -S '=' -a _interlock_keys
    return
  fi
  if [[ $config == yes ]]; then
    _alternative 'files:config:_files -g "*.(yaml|yml)"' 'folders:run:_files -/'
  else
    _files
  fi
}
)sh";

std::string described(const std::string& name, const std::string& description) {
  std::string text;
  for (const char c : description) text += c == ':' ? std::string("\\:") : std::string(1, c);
  return fmt::format("'{}:{}'", name, text);
}

std::string case_of(const CompletedCommand& command) {
  std::vector<std::string> options;
  std::string following;
  for (const CompletedOption& option : command.options) {
    options.push_back(described(option.name, option.description));
    if (!option.values.empty())
      following += fmt::format(" {}) following=({}) ;;", option.name, join(option.values, " "));
  }
  if (!following.empty()) following = fmt::format("\n      case $words[CURRENT-1] in{} esac", following);
  return fmt::format("    '{}')\n      options=({}) inner=({}) config={}{} ;;\n", command.name,
                     join(options, " "), join(command.words, " "), command.takes_config ? "yes" : "no",
                     following);
}

}  // namespace

std::string zsh_completion(const Completion& completion) {
  std::string commands;
  std::string cases;
  std::string pairs;
  for (const CompletedCommand& command : completion.commands) {
    const bool outer = command.name.find(' ') == std::string::npos;
    if (outer) commands += "    " + described(command.name, command.description) + "\n";
    if (!outer) pairs += fmt::format("    '{0}') command='{0}' first=4 ;;\n", command.name);
    cases += case_of(command);
  }
  std::vector<std::string> keys;
  std::string values;
  for (const CompletedKey& key : completion.keys) {
    keys.push_back(key.key);
    if (!key.values.empty()) values += fmt::format("  {} '{}'\n", key.key, join(key.values, " "));
  }
  return "#compdef interlock\n# Completes the words of `interlock` in zsh; made by `interlock completion "
         "zsh`.\n"
         "typeset -ga _interlock_keys\ntypeset -gA _interlock_values\n" +
         fmt::format("_interlock_keys=({})\n_interlock_values=(\n{})\n", join(keys, " "), values) +
         "_interlock() {\n  local -a commands options inner following\n  local config=no command=$words[2]\n"
         "  local -i first=3 given=0\n  commands=(\n" +
         commands + "  )\n  case \"$words[2] ${words[3]-}\" in\n" + pairs +
         "  esac\n  local word\n"
         "  for word in ${words[first,CURRENT-1]}; do [[ $word == -* ]] || given=1; done\n"
         "  case $command in\n" +
         cases + "  esac\n" + kZshTail +
         // The file may be a function in $fpath, or be sourced.
         "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n  _interlock \"$@\"\nelse\n"
         "  compdef _interlock interlock\nfi\n";
}

}  // namespace interlock::cli
