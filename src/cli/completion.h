#pragma once
// Scripts that complete the program's words in a shell, made from the commands' own definitions and from the
// list of keys.

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace interlock::cli {

struct CompletedOption {
  std::string name;  // "--resume"
  std::string description;
  bool takes_value = false;
  std::vector<std::string> values;  // where it takes one of a few
};

struct CompletedCommand {
  std::string name;  // "train", "config show"
  std::string description;
  bool takes_config = false;  // CONFIG, then key=value
  std::vector<CompletedOption> options;
  std::vector<std::string> words;  // what may follow: commands of its own, or the values of a positional
};

struct CompletedKey {
  std::string key;
  std::vector<std::string> values;
};

struct Completion {
  std::vector<CompletedCommand> commands;
  std::vector<CompletedKey> keys;
};

// What is hidden from --help is left out.
Completion completion_of(const CLI::App& app);

std::string bash_completion(const Completion& completion);
std::string zsh_completion(const Completion& completion);
std::string fish_completion(const Completion& completion);

}  // namespace interlock::cli
