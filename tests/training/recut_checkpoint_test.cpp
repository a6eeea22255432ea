// Checkpoints that another cut of the network reads.

#include "checkpoint_support.h"
#include "common/error.h"
#include "support/temp_folder.h"

namespace interlock::training {
namespace {

using test::TempFolder;

TEST_CASE("any cut goes on from what any other cut wrote") {
  for (const std::string& optimizer : kOptimizers) {
    INFO(optimizer);
    const TempFolder folder;
    Run two(optimizer + kTwoStages);
    two.train(1, 3);
    two.save(folder.path_of("c"));
    two.train(4, 5);
    for (const std::string& cut : {std::string("partition: {stages: 1}\n"), std::string(test::kFourStages)}) {
      Run other(optimizer + cut, 99);
      other.load(folder.path_of("c"));
      other.train(4, 5);
      test::check_same(test::copy_tensors(other.stages), test::copy_tensors(two.stages));
    }
  }
}

TEST_CASE("a head that the checkpoint does not have keeps its start, under every optimizer") {
  for (const std::string& optimizer : kOptimizers) {
    INFO(optimizer);
    const TempFolder folder;
    Run without(optimizer + kTwoStages + "learning: {horizon: all}\n");
    without.train(1, 3);
    without.save(folder.path_of("c"));
    Run with(optimizer + kTwoStages + "learning: {horizon: 1}\n", 99);
    const test::TensorsByName start = test::copy_tensors(with.stages);
    REQUIRE_NOTHROW(with.load(folder.path_of("c")));
    const test::TensorsByName trained = test::copy_tensors(without.stages);
    for (const auto& [name, tensor] : test::copy_tensors(with.stages)) {
      INFO(name);
      CHECK(tensor.equal(name.rfind("heads.", 0) == 0 ? start.at(name) : trained.at(name)));
    }
    with.train(4, 5);
    without.train(4, 5);
    const test::TensorsByName later = test::copy_tensors(with.stages);
    for (const auto& [name, tensor] : test::copy_tensors(without.stages)) CHECK(later.at(name).equal(tensor));
  }
}

TEST_CASE("a head that sat behind another layer keeps its start, although name and shape fit") {
  const TempFolder folder;
  Run written("partition: {layers: [3, 4]}\nlearning: {horizon: 1}\n");
  written.train(1, 3);
  written.save(folder.path_of("c"));
  Run recut("partition: {layers: [4, 3]}\nlearning: {horizon: 1}\n", 99);
  const test::TensorsByName start = test::copy_tensors(recut.stages);
  recut.load(folder.path_of("c"));
  const test::TensorsByName trained = test::copy_tensors(written.stages);
  for (const auto& [name, tensor] : test::copy_tensors(recut.stages)) {
    INFO(name);
    CHECK(tensor.equal(name.rfind("heads.", 0) == 0 ? start.at(name) : trained.at(name)));
  }
  CHECK(heads_dropped(folder.path_of("c"), recut.plan.blueprint) ==
        std::vector<std::string>{"heads.0 (after layer 2)"});
  CHECK(heads_dropped(folder.path_of("c"), written.plan.blueprint).empty());
}

TEST_CASE("a head goes on with its optimizer state behind its layer, whatever number its stage has now") {
  for (const std::string& optimizer : kOptimizers) {
    INFO(optimizer);
    const TempFolder folder;
    Run four(optimizer + test::kFourStages + "learning: {horizon: 1}\n");
    four.train(1, 3);
    four.save(folder.path_of("c"));
    // The boundary after layer 4 was stage 1's and is stage 0's; the heads after layers 1 and 5 are gone.
    Run two(optimizer + "partition: {layers: [5, 2]}\nlearning: {horizon: 1}\n", 99);
    CHECK(heads_dropped(folder.path_of("c"), two.plan.blueprint) ==
          std::vector<std::string>{"heads.0 (after layer 1)", "heads.2 (after layer 5)"});
    two.load(folder.path_of("c"));
    const test::TensorsByName before = snapshot_of(four, 1);
    int compared = 0;
    for (const auto& [name, tensor] : snapshot_of(two, 0)) {
      const std::size_t head = name.find("heads.0.");
      if (head == std::string::npos) continue;
      INFO(name);
      const std::string old = std::string(name).replace(head, 8, "heads.1.");
      REQUIRE(before.count(old) == 1);
      CHECK(tensor.equal(before.at(old)));
      ++compared;
    }
    CHECK(compared >= 2);
    Run one(optimizer + "partition: {stages: 1}\n", 99);
    one.load(folder.path_of("c"));
    CHECK(heads_dropped(folder.path_of("c"), one.plan.blueprint).size() == 3);
    for (const auto& [name, tensor] : snapshot_of(one, 0)) {
      INFO(name);
      bool found = false;
      for (std::size_t k = 0; k < 4; ++k) {
        const test::TensorsByName there = snapshot_of(four, k);
        if (there.count(name) == 1) found = there.at(name).equal(tensor);
        if (found) break;
      }
      CHECK(found);
    }
  }
}

}  // namespace
}  // namespace interlock::training
