// What is said of a command line that cannot be understood.

#include "cli/mistake.h"

#include <vector>

#include "support/catch.h"

namespace interlock::cli {
namespace {

using Catch::Matchers::Contains;

// A program like ours: two commands, one of them with a command of its own.
struct Program {
  CLI::App app{"", "interlock"};
  std::string config;
  std::string resume;
  bool single = false;
  bool plain = false;

  Program() {
    app.require_subcommand(1);
    CLI::App* const train = app.add_subcommand("train", "");
    train->add_option("CONFIG", config)->required();
    train->add_flag("--single-process", single);
    train->add_option("--resume", resume);
    CLI::App* const look = app.add_subcommand("config", "");
    look->require_subcommand(1);
    look->add_subcommand("show", "")->add_flag("--plain", plain);
  }
};

std::string mistake(std::vector<std::string> words) {
  Program program;
  words.insert(words.begin(), "interlock");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  try {
    program.app.parse(static_cast<int>(argv.size()), argv.data());
  } catch (const CLI::ParseError& error) {
    return explain_mistake(program.app, error, static_cast<int>(argv.size()), argv.data());
  }
  return "";
}

TEST_CASE("a command that is misspelt is named, with the nearest one") {
  CHECK(mistake({"trian", "a.yaml"}) ==
        "unknown command 'trian'; did you mean 'train'? (see interlock --help)");
  CHECK(mistake({"config", "shwo"}) ==
        "unknown command 'shwo'; did you mean 'show'? (see interlock config --help)");
}

TEST_CASE("an option that is misspelt is named, with the nearest one of its command") {
  CHECK(mistake({"train", "a.yaml", "--single-proces"}) ==
        "--single-proces: `interlock train` has no such option; did you mean '--single-process'? (see "
        "interlock train --help)");
}

TEST_CASE("an option of another command is sent there") {
  CHECK_THAT(mistake({"config", "show", "--resume=none"}),
             Contains("--resume: `interlock config show` has no such option; `interlock train` has"));
}

TEST_CASE("an override with dashes is told apart from an option") {
  CHECK_THAT(mistake({"train", "a.yaml", "--training.epochs=2"}), Contains("no dashes: training.epochs=2 "));
}

TEST_CASE("a missing config comes with one to try") {
  CHECK_THAT(mistake({"train"}), Contains("configs/quickstart.yaml"));
}

TEST_CASE("what nothing is known about is said in CLI11's words") {
  CHECK_THAT(mistake({"train", "a.yaml", "b.yaml"}),
             Contains("b.yaml") && Contains("interlock train --help"));
  CHECK_THAT(mistake({}), Contains("interlock --help"));
}

}  // namespace
}  // namespace interlock::cli
