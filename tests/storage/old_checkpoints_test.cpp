// Which checkpoints of a run are kept, and what is cleaned away.

#include <filesystem>

#include "common/error.h"
#include "save_support.h"

namespace interlock::storage {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using test::commit;
using test::TempFolder;

TEST_CASE("removing keeps the newest, and what is no committed checkpoint of the run") {
  const TempFolder run;
  for (const std::int64_t step : {5, 10, 15, 20}) commit(run, step);
  const std::string unfinished = checkpoint_directory(run.path(), 25);
  fs::create_directories(unfinished);
  const std::string copy = checkpoints_directory(run.path()) + "/mine";  // a user's copy
  fs::copy(checkpoint_directory(run.path(), 10), copy);
  remove_old_checkpoints(run.path(), 2);
  CHECK_FALSE(fs::exists(checkpoint_directory(run.path(), 5)));
  CHECK_FALSE(fs::exists(checkpoint_directory(run.path(), 10)));
  CHECK(fs::exists(checkpoint_directory(run.path(), 15)));
  CHECK(fs::exists(unfinished));
  CHECK(fs::exists(copy + "/manifest.json"));
  CHECK(latest_checkpoint(run.path()) == checkpoint_directory(run.path(), 20));
}

TEST_CASE("keeping zero keeps all, keeping more than there are keeps all") {
  const TempFolder run;
  for (const std::int64_t step : {5, 10}) commit(run, step);
  remove_old_checkpoints(run.path(), 0);
  remove_old_checkpoints(run.path(), 3);
  CHECK(fs::exists(checkpoint_directory(run.path(), 5)));
  CHECK(fs::exists(checkpoint_directory(run.path(), 10)));
}

TEST_CASE("the best checkpoint is kept beside the newest, until another one is the best") {
  const TempFolder run;
  CHECK(best_checkpoint(run.path()).empty());
  const std::string first = commit(run, 1);
  write_best(run.path(), {1, 0.5});
  CHECK(best_checkpoint(run.path()) == first);
  commit(run, 2);
  const std::string third = commit(run, 3);
  remove_old_checkpoints(run.path(), 1);
  CHECK(fs::exists(first));
  CHECK_FALSE(fs::exists(checkpoint_directory(run.path(), 2)));
  write_best(run.path(), {3, 0.25});
  remove_old_checkpoints(run.path(), 1);
  CHECK_FALSE(fs::exists(first));
  CHECK(best_checkpoint(run.path()) == third);
  fs::remove_all(third);
  CHECK(best_checkpoint(run.path()).empty());
}

TEST_CASE("going on from an earlier step sets the later ones aside whole and forgets a best among them") {
  const TempFolder run;
  const std::string second = commit(run, 2);
  const std::string third = commit(run, 3), fourth = commit(run, 4);
  write_best(run.path(), {4, 0.5});
  const std::vector<std::string> moved = set_aside_later_checkpoints(run.path(), 2);
  CHECK(moved == std::vector<std::string>{third + ".aside-1", fourth + ".aside-1"});
  CHECK(latest_checkpoint(run.path()) == second);
  CHECK_FALSE(read_best(run.path()).has_value());
  CHECK(test::same(test::read_all(fourth + ".aside-1"), test::expected(2, 4)));
  commit(run, 3);
  CHECK(set_aside_later_checkpoints(run.path(), 2) == std::vector<std::string>{third + ".aside-2"});
  write_best(run.path(), {2, 0.5});
  CHECK(set_aside_later_checkpoints(run.path(), 2).empty());
  CHECK(read_best(run.path())->step == 2);
  remove_old_checkpoints(run.path(), 1);
  CHECK(fs::exists(third + ".aside-2"));
}

TEST_CASE("what earlier processes left unfinished is removed, and nothing else") {
  const TempFolder run;
  const std::string good = commit(run, 1), half = commit(run, 2);
  fs::remove(half + "/manifest.json");
  run.write("config.yaml.interlock-12-0.tmp", "x");
  run.write("checkpoints/best.json.interlock-12-1.tmp", "x");
  run.write("checkpoints/step-00000001/manifest.json.interlock-12-1.tmp", "x");
  run.write("checkpoints/step-00000001/stage-9-0123456789abcdef.safetensors", "x");
  const std::vector<std::string> users = {"notes.tmp",
                                          "x.interlock-1.tmp",
                                          "checkpoints/mine.txt",
                                          "checkpoints/step-00000001/notes.txt",
                                          "checkpoints/step-old/a",
                                          "checkpoints/step-00000003/notes.txt"};
  for (const std::string& name : users) run.write(name, "kept");
  fs::create_directory_symlink(good, checkpoint_directory(run.path(), 8));
  CHECK(remove_unfinished(run.path()) == 4 + 2 + 1);
  CHECK_FALSE(fs::exists(half));
  for (const std::string& name : users) CHECK(fs::exists(run.path_of(name)));
  CHECK(test::same(test::read_all(good), test::expected(2, 1)));
  CHECK(remove_unfinished(run.path()) == 0);
  CHECK(remove_unfinished(run.path_of("missing")) == 0);
}

TEST_CASE("cleaning up leaves a damaged checkpoint for whoever wants to look into it") {
  const TempFolder run;
  const std::string directory = commit(run, 1);
  std::ofstream(directory + "/manifest.json", std::ios::app) << "x";
  CHECK(remove_unfinished(run.path()) == 0);
  CHECK(fs::exists(directory + "/manifest.json"));
}

}  // namespace
}  // namespace interlock::storage
