// Every channel through the same tests (channel_bench.h), and what GPUs' channels must do besides.

#include <array>
#include <chrono>
#include <functional>
#include <thread>
#include <vector>

#include <torch/types.h>

#include "comm/agreement.h"
#include "comm/channel_bench.h"
#include "common/clock.h"
#include "common/error.h"

namespace interlock::comm {
namespace {

void pause(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

TEST_CASE("a tensor is sent once it is made, and arrives once its buffer is no longer used") {
  for_each_channel([](const Bench& bench) {
    INFO(bench.name);
    bool old_was_kept = true;
    bool all_arrived = true;
    for (const std::int64_t size : {1, 1000, 300'000}) {
      const at::Tensor sent = bench.empty(size);
      const at::Tensor buffer = bench.empty(size);
      const at::Tensor before = bench.empty(size);
      const at::Tensor after = bench.empty(size);
      bench.compute([=] { buffer.fill_(-1); });
      const int still_used = bench.has_below() ? 20 : 0;  // longer than the first rank takes to send
      bench.compute([=] {
        pause(still_used);
        before.copy_(buffer);
      });
      Transfer receive;
      Transfer send;
      if (bench.has_below())
        receive = bench.channel->receive(Bench::neighbour(-1), Tag::activation(1), buffer);
      const float value = static_cast<float>(size + index(engine().rank()));
      bench.compute([=] {
        pause(2);
        sent.fill_(value);
      });
      if (bench.has_above()) send = bench.channel->send(Bench::neighbour(1), Tag::activation(1), sent);
      if (receive.valid()) receive.wait();
      bench.compute([=] { after.copy_(buffer); });
      if (send.valid()) send.wait();
      bench.device->synchronise();
      old_was_kept &= before.eq(-1).all().item<bool>();
      const float expected = bench.has_below() ? value - 1 : -1;
      all_arrived &= after.eq(expected).all().item<bool>();
    }
    CHECK(old_was_kept);
    CHECK(all_arrived);
  });
}

// Who uses a buffer again once nobody holds it (worker/buffer_pool.h) must see that somebody does.
TEST_CASE("a device's tensor that is sent is held until it has been read, and then let go") {
  for_each_channel([](const Bench& bench) {
    INFO(bench.name);
    const at::Tensor sent = bench.empty(1000);
    if (!bench.device->holds(sent)) return;
    const at::Tensor buffer = bench.empty(1000);
    const auto holders = sent.storage().use_count();
    bench.compute([] { pause(20); });
    bool held = true;
    Transfer receive;
    if (bench.has_below()) receive = bench.channel->receive(Bench::neighbour(-1), Tag::activation(1), buffer);
    if (bench.has_above()) {
      Transfer send = bench.channel->send(Bench::neighbour(1), Tag::activation(1), sent.detach());
      held = sent.storage().use_count() > holders;
      send.wait();
      // The channel looks at what it holds whenever it is used.
      bench.channel->send(Bench::neighbour(1), Tag::activation(2), bench.empty(1)).wait();
    }
    if (receive.valid()) receive.wait();
    if (bench.has_below())
      bench.channel->receive(Bench::neighbour(-1), Tag::activation(2), bench.empty(1)).wait();
    bench.device->synchronise();
    CHECK(held);
    CHECK(sent.storage().use_count() == holders);
  });
}

TEST_CASE("what travels together arrives together, whatever its types, up and down at once") {
  for_each_channel([](const Bench& bench) {
    INFO(bench.name);
    const at::Tensor activation = bench.empty(5000, torch::kBFloat16).fill_(index(engine().rank()));
    const at::Tensor targets = bench.empty(10, torch::kLong).fill_(100 + index(engine().rank()));
    const at::Tensor gradient = bench.empty(5000).fill_(200 + index(engine().rank()));
    const at::Tensor activation_in = bench.empty(5000, torch::kBFloat16);
    const at::Tensor targets_in = bench.empty(10, torch::kLong);
    const at::Tensor gradient_in = bench.empty(5000);
    const at::Tensor host = torch::full({3}, index(engine().rank()));
    const at::Tensor host_in = torch::zeros({3}, torch::kLong);
    std::vector<Transfer> transfers;
    TransferGroup group(*bench.channel);
    if (bench.has_below()) {
      const Rank below = Bench::neighbour(-1);
      transfers.push_back(bench.channel->receive(below, Tag::activation(0), activation_in));
      transfers.push_back(bench.channel->receive(below, Tag::targets(0), targets_in));
      transfers.push_back(bench.channel->send(below, Tag::gradient(1, 0), gradient));
      transfers.push_back(bench.channel->receive(below, Tag::tensor(1), host_in));
    }
    if (bench.has_above()) {
      const Rank above = Bench::neighbour(1);
      transfers.push_back(bench.channel->send(above, Tag::activation(0), activation));
      transfers.push_back(bench.channel->send(above, Tag::targets(0), targets));
      transfers.push_back(bench.channel->receive(above, Tag::gradient(1, 0), gradient_in));
      transfers.push_back(bench.channel->send(above, Tag::tensor(1), host));
    }
    group.end();
    for (Transfer& transfer : transfers) transfer.wait();
    bench.device->compute_stream().synchronise();
    bool done = true;
    for (const Transfer& transfer : transfers) done &= transfer.done();
    CHECK(done);
    const int rank = index(engine().rank());
    if (bench.has_below()) {
      CHECK(activation_in.eq(rank - 1).all().item<bool>());
      CHECK(targets_in.eq(100 + rank - 1).all().item<bool>());
      CHECK(host_in.eq(rank - 1).all().item<bool>());
    }
    if (bench.has_above()) CHECK(gradient_in.eq(200 + rank + 1).all().item<bool>());
  });
}

TEST_CASE("many messages of mixed sizes, several under way, keep their order and their data") {
  for_each_channel([](const Bench& bench) {
    INFO(bench.name);
    constexpr int kRounds = 200;
    constexpr std::size_t kAhead = 4;
    constexpr std::array<std::int64_t, 5> kSizes{1, 300, 2'000, 30'000, 100'000};
    std::array<at::Tensor, kAhead> in;
    std::array<at::Tensor, kAhead> out;
    for (std::size_t slot = 0; slot < kAhead; ++slot) {
      in[slot] = bench.empty(kSizes.back());
      out[slot] = bench.empty(kSizes.back());
    }
    std::array<Transfer, kAhead> receives;
    std::array<Transfer, kAhead> sends;
    const auto part = [&](const at::Tensor& tensor, int round) {
      return tensor.slice(0, 0, kSizes[static_cast<std::size_t>(round) % kSizes.size()]);
    };
    const at::Tensor wrong = bench.empty(1);
    for (int round = 0; round < kRounds; ++round) {
      const std::size_t slot = static_cast<std::size_t>(round) % kAhead;
      if (bench.has_above()) {
        if (sends[slot].valid()) sends[slot].wait();
        const at::Tensor sent = part(out[slot], round);
        bench.compute([=] { sent.fill_(round); });
        sends[slot] = bench.channel->send(Bench::neighbour(1), Tag::activation(round % 7), sent);
      }
      if (bench.has_below()) {
        if (round == 0) {
          for (int ahead = 0; ahead < static_cast<int>(kAhead); ++ahead) {
            receives[static_cast<std::size_t>(ahead)] =
                bench.channel->receive(Bench::neighbour(-1), Tag::activation(ahead % 7),
                                       part(in[static_cast<std::size_t>(ahead)], ahead));
          }
        }
        receives[slot].wait();
        const at::Tensor got = part(in[slot], round);
        bench.compute([=] { wrong.add_(got.ne(round).any()); });
        const int next = round + static_cast<int>(kAhead);
        if (next < kRounds) {
          receives[slot] =
              bench.channel->receive(Bench::neighbour(-1), Tag::activation(next % 7), part(in[slot], next));
        }
      }
    }
    for (Transfer& send : sends) {
      if (send.valid()) send.wait();
    }
    bench.device->synchronise();
    CHECK(wrong.item<float>() == 0);
  });
}

TEST_CASE("a send does not hold up its thread while the device computes") {
  ThreadedDevice device;
  HostStagedChannel channel(engine(), device);
  const at::Tensor sent = device.empty({1000}, torch::kFloat);
  const at::Tensor buffer = device.empty({1000}, torch::kFloat);
  const int ranks = engine().size();
  const Rank next{(index(engine().rank()) + 1) % ranks};
  const Rank previous{(index(engine().rank()) + ranks - 1) % ranks};
  Transfer receive = channel.receive(previous, Tag::activation(0), buffer);
  device.compute([=] {
    pause(300);
    sent.fill_(7);
  });
  const double start = monotonic_seconds();
  Transfer send = channel.send(next, Tag::activation(0), sent);
  const bool early = send.done();
  const double took = monotonic_seconds() - start;
  receive.wait();
  device.synchronise();
  send.wait();
  CHECK_FALSE(early);
  CHECK(took < 0.2);
  CHECK(buffer.eq(7).all().item<bool>());
}

TEST_CASE("what was sent arrives, though the channel went and the handle with it") {
  const int ranks = engine().size();
  const Rank next{(index(engine().rank()) + 1) % ranks};
  const Rank previous{(index(engine().rank()) + ranks - 1) % ranks};
  ThreadedDevice device(std::chrono::milliseconds(50));
  {
    HostStagedChannel channel(engine(), device);
    const at::Tensor sent = device.empty({100}, torch::kFloat);
    device.compute([=] { sent.fill_(3); });
    channel.send(next, Tag::activation(0), sent);
  }
  const at::Tensor buffer = torch::zeros({100});
  engine().receive(previous, Tag::activation(0), buffer).wait();
  CHECK(buffer.eq(3).all().item<bool>());
  agree(engine(), 0, "");
}

// A stream whose device has failed.
class BrokenStream : public device::StreamWork {
 public:
  std::shared_ptr<device::EventWork> record(device::Timing) override { throw PeerError("broken"); }
  void wait(device::EventWork&) override {}
  void copy(const at::Tensor&, const at::Tensor&) override {}
  void keep(const at::Tensor&) override {}
  void run_on_host_after(std::function<void()>) override {
    if (refuses) throw PeerError("broken");
  }
  void synchronise() override { throw PeerError("broken"); }
  [[nodiscard]] void* native() const override { return nullptr; }
  bool refuses = false;
};

TEST_CASE("transfers that a failed device never starts do not keep the engine from closing") {
  // The session's engine is closed at the end: it would wait for ever.
  auto work = std::make_shared<BrokenStream>();
  const device::Stream stream(work);
  LaterStarts later(engine());
  const at::Tensor tensor = torch::zeros({1});
  const auto prepare = [&] { return engine().prepare_send(engine().rank(), Tag::tensor(9), tensor); };
  CHECK_THROWS_AS(later.start_after(stream, prepare()), PeerError);  // the callback is never called
  work->refuses = true;
  CHECK_THROWS_AS(later.start_after(stream, prepare()), PeerError);
  later.drain(stream);
}

}  // namespace
}  // namespace interlock::comm
