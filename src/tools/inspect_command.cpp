#include <filesystem>

#include <fmt/format.h>

#include "common/error.h"
#include "inspect/describe.h"
#include "inspect/json.h"
#include "storage/checkpoint.h"
#include "tools/commands.h"

namespace interlock::tools {
namespace {

namespace fs = std::filesystem;

struct InspectArguments {
  std::vector<std::string> paths;
  bool diff = false;
  bool every_tensor = false;
  bool no_check = false;
  bool json = false;
  inspect::Selection selection;
};

void require_there(const std::string& path) {
  std::error_code ignored;
  if (fs::exists(path, ignored)) return;
  throw DataError(
      fmt::format("{}: not found; give a run's folder, a checkpoint's folder or a safetensors file", path));
}

// The checkpoint or file whose tensors are meant by `path`.
std::string tensors_of(const std::string& path) {
  require_there(path);
  if (!fs::is_directory(path)) return path;
  const std::string checkpoint = storage::checkpoint_in(path);
  if (!checkpoint.empty()) return checkpoint;
  throw DataError(
      fmt::format("{}: no checkpoint in this folder; give a run's folder (runs/<name>), a "
                  "checkpoint's or a safetensors file",
                  path));
}

std::optional<config::Config> config_of(const std::string& path) {
  try {
    if (fs::is_directory(path) && inspect::is_run(path))
      return config::load_config(path + "/config.yaml", {});
  } catch (const Error&) {
    // The tensors can be compared all the same.
  }
  return std::nullopt;
}

int show_differences(const InspectArguments& arguments) {
  if (arguments.paths.size() != 2) throw UsageError("inspect --diff: wants two paths");
  const std::string& left = arguments.paths[0];
  const std::string& right = arguments.paths[1];
  const inspect::TensorSet ours = inspect::open_tensors(tensors_of(left));
  const inspect::TensorSet theirs = inspect::open_tensors(tensors_of(right));
  const auto comparisons = inspect::compare(ours, theirs, arguments.selection);
  std::vector<config::Difference> configs;
  if (const auto our_config = config_of(left), their_config = config_of(right); our_config && their_config)
    configs = config::differences(*our_config, *their_config);
  if (arguments.json) {
    fmt::print("{}", inspect::json_of_comparison(ours.path, theirs.path, comparisons, configs));
    return 0;
  }
  for (const config::Difference& difference : configs)
    fmt::print("{}: {} against {}\n", difference.key, difference.left.empty() ? "-" : difference.left,
               difference.right.empty() ? "-" : difference.right);
  fmt::print("{}", inspect::describe_comparison(ours.path, theirs.path, comparisons, arguments.every_tensor));
  return 0;
}

bool is_about_run(const InspectArguments& arguments) {
  const inspect::Selection& selection = arguments.selection;
  return fs::is_directory(arguments.paths[0]) && inspect::is_run(arguments.paths[0]) &&
         !arguments.every_tensor && selection.stage < 0 && selection.filter.empty();
}

int inspect_command(const InspectArguments& arguments) {
  if (arguments.diff) return show_differences(arguments);
  if (arguments.paths.size() != 1)
    throw UsageError("inspect: wants one path, or two with --diff to compare their tensors");
  const std::string& path = arguments.paths[0];
  require_there(path);
  if (is_about_run(arguments)) {
    const inspect::RunFacts facts = inspect::facts_of_run(path);
    fmt::print("{}", arguments.json ? inspect::json_of_run(facts) : inspect::describe_run(facts));
    return 0;
  }
  const inspect::TensorSet set = inspect::open_tensors(tensors_of(path));
  const std::vector<inspect::TensorRow> rows = inspect::look(set, arguments.selection);
  fmt::print("{}", arguments.json
                       ? inspect::json_of_tensors(set, rows, arguments.selection)
                       : inspect::describe_tensors(set, rows, arguments.selection, arguments.every_tensor));
  if (const std::string problem = inspect::first_problem(set, rows); !problem.empty())
    throw DataError(problem);
  return 0;
}

}  // namespace

void add_inspect_command(CLI::App& app, cli::Run& run) {
  const auto arguments = std::make_shared<InspectArguments>();
  CLI::App* const command =
      app.add_subcommand("inspect", "what is in a run, a checkpoint or a safetensors file, and is it sound?");
  command
      ->add_option("PATH", arguments->paths,
                   "a run's folder, a checkpoint's folder or a safetensors file; two of them with --diff")
      ->required()
      ->expected(1, 2);
  command->add_flag("--diff", arguments->diff, "compare the tensors (of runs: of their newest checkpoints)");
  command->add_flag("--tensors", arguments->every_tensor, "a line for each tensor, not for each layer");
  command->add_option("--stage", arguments->selection.stage, "only this stage's")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--filter", arguments->selection.filter, "only tensors with this in their names");
  command->add_flag("--no-check", arguments->no_check,
                    "read headers alone: quick, but no figures, and no damage found in tensors");
  command->add_flag("--json", arguments->json, "print it as JSON");
  command->callback([arguments, &run] {
    run = [arguments] {
      arguments->selection.read = !arguments->no_check;
      return inspect_command(*arguments);
    };
  });
}

}  // namespace interlock::tools
