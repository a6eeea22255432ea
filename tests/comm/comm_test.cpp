#include <chrono>
#include <numeric>
#include <thread>

#include <torch/types.h>

#include "comm/agreement.h"
#include "comm/tensor_channel.h"
#include "common/clock.h"
#include "common/error.h"
#include "support/catch.h"
#include "support/mpi_engine.h"

namespace interlock::comm {
namespace {

using interlock::testing::engine;

Rank next_rank() {
  return Rank{(index(engine().rank()) + 1) % engine().size()};
}
Rank previous_rank() {
  return Rank{(index(engine().rank()) + engine().size() - 1) % engine().size()};
}

TEST_CASE("a tensor arrives as it was sent, whatever its size") {
  TensorChannel channel(engine());
  for (const std::int64_t size : {0, 1, 1000, 3'000'000}) {
    // A closed formula of sender and position, so that any wrong element shows.
    const auto formula = [&](Rank rank) { return torch::arange(size, torch::kLong) * 7 + index(rank); };
    const at::Tensor buffer = torch::empty({size}, torch::kLong);
    Transfer receive = channel.receive(previous_rank(), Tag::activation(1), buffer);
    Transfer send = channel.send(next_rank(), Tag::activation(1), formula(engine().rank()));
    receive.wait();
    send.wait();
    CHECK(buffer.equal(formula(previous_rank())));
  }
}

TEST_CASE("messages of different tags do not mix, whatever the order of receiving") {
  TensorChannel channel(engine());
  channel.send(next_rank(), Tag::gradient(1, 0), torch::full({3}, 1.0f));
  channel.send(next_rank(), Tag::gradient(2, 0), torch::full({3}, 2.0f));
  channel.send(next_rank(), Tag::gradient(1, 1), torch::full({3}, 3.0f));
  const at::Tensor last = torch::empty({3});
  const at::Tensor second = torch::empty({3});
  const at::Tensor first = torch::empty({3});
  Transfer a = channel.receive(previous_rank(), Tag::gradient(1, 1), last);
  Transfer b = channel.receive(previous_rank(), Tag::gradient(2, 0), second);
  Transfer c = channel.receive(previous_rank(), Tag::gradient(1, 0), first);
  a.wait();
  b.wait();
  c.wait();
  CHECK(first[0].item<float>() == 1);
  CHECK(second[0].item<float>() == 2);
  CHECK(last[0].item<float>() == 3);
}

TEST_CASE("messages of one tag keep their order") {
  TensorChannel channel(engine());
  for (int i = 0; i < 20; ++i)
    channel.send(next_rank(), Tag::activation(0), torch::full({1000}, i, torch::kInt));
  for (int i = 0; i < 20; ++i) {
    const at::Tensor buffer = torch::empty({1000}, torch::kInt);
    channel.receive(previous_rank(), Tag::activation(0), buffer).wait();
    CHECK(buffer[999].item<int>() == i);
  }
}

TEST_CASE("a rank that computes still receives and passes on control messages") {
  // Everyone sends, then is busy without calling into comm; the messages must be there right after.
  engine().send_control(next_rank(), std::string(100'000, 'x'));
  const double until = monotonic_seconds() + 1;
  while (monotonic_seconds() < until) {
  }
  const double start = monotonic_seconds();
  const ControlMessage message = engine().next_control();
  CHECK(monotonic_seconds() - start < 0.5);
  CHECK(message.from == previous_rank());
  CHECK(message.payload.size() == 100'000);
  agree(engine(), 0, "");
}

TEST_CASE("all ranks agree on the lowest rank that failed") {
  const bool failing = index(engine().rank()) >= 1;
  const Verdict verdict = agree(engine(), failing ? 3 : 0, failing ? "no data, twice" : "");
  CHECK(verdict.exit_code == 3);
  CHECK(verdict.rank == Rank{1});
  CHECK(verdict.message == "no data, twice");
  CHECK(agree(engine(), 0, "").exit_code == 0);
}

TEST_CASE("what one rank shares all ranks get") {
  const Rank root{engine().size() - 1};
  CHECK(share(engine(), root, engine().rank() == root ? "text" : "other") == "text");
  CHECK(share(engine(), kCoordinator, engine().rank() == kCoordinator ? "" : "other").empty());
}

TEST_CASE("an idle rank sleeps") {
  agree(engine(), 0, "");
  const double before = process_cpu_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  // 2 % is the promise, and a benchmark measures it (launch/bench overhead); a busy-waiting thread would use
  // 100 %.
  CHECK(process_cpu_seconds() - before < 0.1);
  agree(engine(), 0, "");
}

TEST_CASE("tags out of range are refused") {
  CHECK_THROWS_AS(Tag::gradient(4096, 0), BrokenInvariant);
  CHECK_THROWS_AS(Tag::activation(65536), BrokenInvariant);
  CHECK(Tag::gradient(2, 7).text() == "gradient (2 hops) of micro-batch 7");
}

}  // namespace
}  // namespace interlock::comm
