// `completion`: in the full program, because only that knows every command.

#include <fmt/format.h>

#include "app/commands.h"
#include "cli/completion.h"

namespace interlock::app {
namespace {

int completion_command(const CLI::App& app, const std::string& shell) {
  const cli::Completion completion = cli::completion_of(app);
  fmt::print("{}", shell == "bash"  ? cli::bash_completion(completion)
                   : shell == "zsh" ? cli::zsh_completion(completion)
                                    : cli::fish_completion(completion));
  return 0;
}

}  // namespace

void add_completion_command(CLI::App& app, cli::Run& run) {
  const auto shell = std::make_shared<std::string>();
  CLI::App* const command =
      app.add_subcommand("completion", "print a script that completes commands, options and keys in a shell");
  command->add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->footer(
      "bash:  source <(interlock completion bash)\n"
      "zsh:   interlock completion zsh > FOLDER/_interlock, with FOLDER in $fpath\n"
      "fish:  interlock completion fish > ~/.config/fish/completions/interlock.fish");
  command->callback([shell, &app, &run] { run = [shell, &app] { return completion_command(app, *shell); }; });
}

}  // namespace interlock::app
