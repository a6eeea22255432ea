#include <array>
#include <chrono>
#include <optional>
#include <thread>

#include <torch/types.h>

#include "comm/agreement.h"
#include "comm/count_allocations.h"
#include "comm/mpi_channel.h"
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
  MpiChannel channel(engine());
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
  MpiChannel channel(engine());
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
  MpiChannel channel(engine());
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

TEST_CASE("a large tensor arrives while its receiver computes") {
  MpiChannel channel(engine());
  const at::Tensor buffer = torch::zeros({4'000'000});
  const at::Tensor sent = torch::full({4'000'000}, 1.0f + static_cast<float>(index(engine().rank())));
  Transfer receive = channel.receive(previous_rank(), Tag::activation(0), buffer);
  agree(engine(), 0, "");
  const double start = monotonic_seconds();
  Transfer send = channel.send(next_rank(), Tag::activation(0), sent);
  double took = 0;
  if (engine().rank() == kCoordinator) {
    send.wait();
    took = monotonic_seconds() - start;
  } else {
    while (monotonic_seconds() < start + 1) {
    }
  }
  receive.wait();
  send.wait();
  CHECK(took < 0.9);  // milliseconds, unless all cores are busy and messages move in pieces
  CHECK(buffer[3'999'999].item<float>() == 1.0f + static_cast<float>(index(previous_rank())));
  agree(engine(), 0, "");
}

TEST_CASE("tensors come and go without an allocation") {
  MpiChannel channel(engine());
  long during = 0;
  for (const std::int64_t size : {16, 100'000}) {
    const at::Tensor out = torch::ones({size});
    const at::Tensor in = torch::empty({size});
    const auto exchange = [&](int rounds) {
      for (int i = 0; i < rounds; ++i) {
        Transfer receive = channel.receive(previous_rank(), Tag::activation(i % 4), in);
        Transfer send = channel.send(next_rank(), Tag::activation(i % 4), out);
        receive.wait();
        send.wait();
      }
    };
    exchange(100);
    const long before = interlock::testing::allocations();
    exchange(500);
    during += interlock::testing::allocations() - before;
    agree(engine(), 0, "");
  }
  CHECK(interlock::testing::allocations() > 0);  // they are counted at all
  CHECK(during == 0);
}

// Rounds of messages of mixed sizes around the ring, on a tag of its own; what came in wrong is counted.
int exchange_rounds(int tag, int rounds) {
  MpiChannel channel(engine());
  constexpr std::array<std::int64_t, 5> kSizes{1, 300, 2'000, 30'000, 200'000};
  int wrong = 0;
  for (int i = 0; i < rounds; ++i) {
    const std::int64_t size = kSizes[static_cast<std::size_t>(i + tag) % kSizes.size()];
    const at::Tensor in = torch::zeros({size}, torch::kInt);
    Transfer receive = channel.receive(previous_rank(), Tag::activation(tag), in);
    channel.send(next_rank(), Tag::activation(tag), torch::full({size}, i + tag, torch::kInt));
    // Sometimes busy, so that the communication thread and the waiting threads take turns.
    const double until = monotonic_seconds() + 2e-5 * (i * 7 % 11);
    while (i % 3 == 0 && monotonic_seconds() < until) {
    }
    receive.wait();
    wrong += in[0].item<int>() != i + tag || in[size - 1].item<int>() != i + tag ? 1 : 0;
  }
  return wrong;
}

TEST_CASE("two threads of a rank wait at the same time, and no wake-up is lost") {
  int wrong_beside = 0;
  const double start = monotonic_seconds();
  std::thread beside([&] { wrong_beside = exchange_rounds(2, 500); });
  const int wrong = exchange_rounds(1, 500);
  beside.join();
  const double took = monotonic_seconds() - start;
  agree(engine(), 0, "");
  CHECK(wrong == 0);
  CHECK(wrong_beside == 0);
  CHECK(took < 20);  // a fraction of a second; a lost wake-up in every round would cost 20 ms each
}

TEST_CASE("a thread that waits for long does not hold up another") {
  MpiChannel channel(engine());
  const at::Tensor late = torch::zeros({1});
  const at::Tensor soon = torch::zeros({100'000});
  Transfer waits_long = channel.receive(previous_rank(), Tag::activation(5), late);
  std::thread beside([&] { waits_long.wait(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // it drives MPI now
  Transfer receive = channel.receive(previous_rank(), Tag::activation(6), soon);
  channel.send(next_rank(), Tag::activation(6), torch::ones({100'000}));
  receive.wait();  // would never return: the other message is sent after it
  channel.send(next_rank(), Tag::activation(5), torch::ones({1}));
  beside.join();
  CHECK(soon[99'999].item<float>() == 1);
  CHECK(late[0].item<float>() == 1);
  agree(engine(), 0, "");
}

// Nobody leaves before all have come; unlike agree() without control messages.
void meet() {
  MpiChannel channel(engine());
  const at::Tensor token = torch::zeros({1});
  for (int i = 1; i < engine().size(); ++i) {
    Transfer receive = channel.receive(previous_rank(), Tag::tensor(i), torch::empty({1}));
    channel.send(next_rank(), Tag::tensor(i), token);
    receive.wait();
  }
}

TEST_CASE("looking for a control message returns at once, with or without one") {
  meet();
  const double start = monotonic_seconds();
  const bool early = engine().try_next_control().has_value();
  const bool in_time = engine().next_control(0.05).has_value();
  const double took = monotonic_seconds() - start;
  meet();
  engine().send_control(next_rank(), "small");
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  std::optional<ControlMessage> message = engine().try_next_control();
  for (int i = 0; i < 200 && !message; ++i) {  // a busy machine
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    message = engine().try_next_control();
  }
  meet();
  CHECK_FALSE(early);
  CHECK_FALSE(in_time);
  CHECK(took < 0.5);
  REQUIRE(message);
  CHECK(message->payload == "small");
  CHECK(message->from == previous_rank());
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
  CHECK(Tag::gradient(2, 7, 5).text() == Tag::gradient(2, 7).text());
  CHECK(Tag::gradient(2, 7, 5).value() != Tag::gradient(2, 7, 6).value());
}

}  // namespace
}  // namespace interlock::comm
