// Input as text: syntax, duplicates, limits, files.

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include "config/yaml_parser.h"
#include "config_support.h"

namespace interlock::config {
namespace {

std::string repeated(const std::string& text, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) result += text;
  return result;
}

std::string file_problem(const std::string& path) {
  try {
    load_config(path, {});
  } catch (const UsageError& error) {
    return error.what();
  }
  FAIL("accepted: " << path);
  return "";
}

}  // namespace

TEST_CASE("a YAML syntax error has its line and column", "[config]") {
  CHECK_THAT(problem_of("model:\n  kind: [a\n"), Catch::StartsWith("configs/a.yaml:3:1: not valid YAML: "));
  CHECK_THAT(problem_of("a: b: c\n"), Catch::StartsWith("configs/a.yaml:1:5: not valid YAML: "));
  CHECK_THAT(problem_of("model:\n\tkind: x\n"), Catch::StartsWith("configs/a.yaml:2:6: not valid YAML: "));
  CHECK_THAT(problem_of("run: {dir: *nothing}\n"),
             Catch::StartsWith("configs/a.yaml:1:12: not valid YAML: "));
}

TEST_CASE("a document that is no map is refused", "[config]") {
  CHECK_THAT(problem_of("- a\n- b\n"), Catch::StartsWith("configs/a.yaml:1:1: wants a map of the sections"));
  CHECK_THAT(problem_of("just text"), Catch::StartsWith("configs/a.yaml:1:1: wants a map of the sections"));
  CHECK_THAT(problem_of("[]", {"training.epochs=2"}), Catch::StartsWith("configs/a.yaml:1:1: wants a map"));
  CHECK_THAT(problem_of("run: {}\n---\nrun: {}\n"),
             Catch::StartsWith("configs/a.yaml:2:1: a second YAML document"));
}

TEST_CASE("a key given twice is refused with both places", "[config]") {
  CHECK(problem_of("training:\n  seed: 1\n  epochs: 2\n  seed: 3\n") ==
        "configs/a.yaml:4:3: training.seed: given twice; the first is at configs/a.yaml:2:3");
  CHECK_THAT(problem_of("run: {}\nrun: {}\n"), Catch::StartsWith("configs/a.yaml:2:1: run: given twice"));
  CHECK_THAT(problem_of("model: {layers: [relu, {linear: {in: 1, in: 2}}]}"),
             Catch::StartsWith("configs/a.yaml:1:41: model.layers[1].linear.in: given twice"));
}

TEST_CASE("keys that are no text and tags are refused", "[config]") {
  CHECK_THAT(problem_of("run: {[a]: 1}"), Catch::Contains("run: a key must be text"));
  CHECK_THAT(problem_of("run: {~: 1}"), Catch::Contains("run: a key must be text, not no value"));
  CHECK_THAT(problem_of("run: {dir: !!binary aGk=}"), Catch::Contains("run.dir: YAML tags such as"));
}

TEST_CASE("an anchor and its alias work", "[config]") {
  const Config config =
      parse("model:\n  layers:\n    - &hidden {linear: {in: 4, out: 4}}\n    - relu\n    - *hidden\n");
  REQUIRE(config.model.layers.size() == 3);
  CHECK(config.model.layers[2].required_int("out", 1) == 4);
}

TEST_CASE("an alias bomb, deep nesting and too many values are refused early", "[config]") {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 20; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + repeated(before + ", ", 9) +
            before + "]\n";
  }
  CHECK_THAT(problem_of(bomb), Catch::Contains("more than 20000 values"));
  const std::string long_text = "a: &a " + repeated("x", 500000) + "\nb: [" + repeated("*a, ", 1000) + "]\n";
  CHECK_THAT(problem_of(long_text), Catch::Contains("bytes of text"));
  CHECK_THAT(problem_of("a: &a [*a]"), Catch::Contains("inside the value that it repeats"));
  for (const char* opening : {"[", "{a: ", "- ", "? "}) {
    INFO(opening);
    CHECK_THAT(problem_of(repeated(opening, 100000)), Catch::Contains("nested more than 32 levels deep"));
  }
  CHECK_THAT(problem_of("model: {channels: [" + repeated("1,", 20000) + "1]}"),
             Catch::Contains("more than 20000 values"));
}

TEST_CASE("a config over one mebibyte is refused", "[config]") {
  CHECK_THAT(problem_of(std::string(kMaxYamlBytes + 1, '#')), Catch::Contains("at most 1048576"));
  CHECK_NOTHROW(parse(std::string(kMaxYamlBytes, '#')));
}

TEST_CASE("a file is read, and one that cannot be is refused with the reason", "[config]") {
  namespace fs = std::filesystem;
  const fs::path folder = fs::temp_directory_path() / ("interlock-config-test-" + std::to_string(getpid()));
  fs::create_directories(folder);
  const std::string path = (folder / "small net.yaml").string();
  std::ofstream(path) << "training: {epochs: 7}\n";
  const Config config = load_config(path, {"training.seed=9"});
  CHECK(config.training.epochs == 7);
  CHECK(config.training.seed == 9);
  CHECK(config.run.dir == "runs/small net");

  const std::string missing = (folder / "none.yaml").string();
  CHECK_THAT(file_problem(missing), Catch::StartsWith(missing + ": cannot read this config: No such file"));
  CHECK_THAT(file_problem(folder.string()), Catch::Contains("is a folder"));
  const std::string large = (folder / "large.yaml").string();
  std::ofstream(large) << std::string(kMaxYamlBytes + 1, '\n');
  CHECK_THAT(file_problem(large), Catch::Contains("larger than 1048576 bytes"));
  CHECK_THAT(file_problem("/dev/zero"), Catch::Contains("larger than 1048576 bytes"));
  fs::remove_all(folder);
}

}  // namespace interlock::config
