// Run with INTERLOCK_TEST_LINK_DELAY_MS=kDelay and INTERLOCK_TEST_LINK_DELAY_ALL=1: ranks of one host stand
// for hosts.

#include <algorithm>
#include <string>

#include <torch/types.h>

#include "comm/agreement.h"
#include "comm/tensor_channel.h"
#include "common/clock.h"
#include "support/catch.h"
#include "support/mpi_engine.h"

namespace interlock::comm {
namespace {

using interlock::testing::engine;

constexpr double kDelay = 0.1;        // seconds, as tests/CMakeLists.txt sets it
constexpr double kNoticeable = 0.08;  // that a loaded machine may be late: all clocks here are of one machine
constexpr std::int64_t kSizes[] = {16, 2'000'000};  // one that leaves at once, one that needs the receiver

Rank other() {
  return Rank{1 - index(engine().rank())};
}
double waited(Transfer transfer) {
  transfer.wait();
  return monotonic_seconds();
}

// Rank 0 sends when the returned time has come (told in the tensor); rank 1 measures how long it travelled.
double travel_seconds(std::int64_t size, bool sender_computes) {
  if (engine().rank() == kCoordinator) {
    const at::Tensor sent = torch::full({size}, monotonic_seconds(), torch::kDouble);
    Transfer send = engine().send(other(), Tag::activation(0), sent);
    const double until = monotonic_seconds() + 2 * kDelay;
    while (sender_computes && monotonic_seconds() < until) {
    }
    send.wait();
    return 0;
  }
  const at::Tensor received = torch::empty({size}, torch::kDouble);
  const double arrived = waited(engine().receive(other(), Tag::activation(0), received));
  return arrived - received[0].item<double>();
}

TEST_CASE("a delayed message arrives not before its delay and soon after, even while its sender computes") {
  for (const std::int64_t size : kSizes) {
    for (const bool sender_computes : {false, true}) {
      double shortest = 1e9;
      for (int repeat = 0; repeat < 3; ++repeat)  // the machine may be busy
        shortest = std::min(shortest, travel_seconds(size, sender_computes));
      agree(engine(), 0, "");
      if (engine().rank() == kCoordinator) continue;
      CHECK(shortest >= kDelay);
      CHECK(shortest < kDelay + kNoticeable);
    }
  }
}

TEST_CASE("a delay holds up neither the sender nor the next message: all travel at once and in order") {
  constexpr int kMessages = 20;
  const double start = monotonic_seconds();
  if (engine().rank() == kCoordinator) {
    for (int i = 0; i < kMessages; ++i)
      engine().send(other(), Tag::activation(0), torch::full({1000}, i, torch::kInt));
    CHECK(monotonic_seconds() - start < kDelay);
  } else {
    int out_of_order = 0;
    for (int i = 0; i < kMessages; ++i) {
      const at::Tensor buffer = torch::empty({1000}, torch::kInt);
      engine().receive(other(), Tag::activation(0), buffer).wait();
      out_of_order += buffer[999].item<int>() == i ? 0 : 1;
    }
    CHECK(out_of_order == 0);
    CHECK(monotonic_seconds() - start < kMessages * kDelay / 4);
  }
  agree(engine(), 0, "");
}

TEST_CASE("control messages are delayed too") {
  engine().send_control(other(), std::to_string(monotonic_seconds()));
  const double sent = std::stod(engine().next_control().payload);
  CHECK(monotonic_seconds() - sent >= kDelay - 1e-5);  // of six decimals
  agree(engine(), 0, "");
}

}  // namespace
}  // namespace interlock::comm
