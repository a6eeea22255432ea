// bench_transport BLOCKS [BYTES ...]: hands a tensor back and forth between two ranks, with the tensor
// channel and with bare MPI_Send and MPI_Recv. One JSON line a size on standard output:
//   {"bytes": 64, "mpi": [1.1, ...], "channel": [1.9, ...]}    microseconds of half a round trip, one a block
//
// Both run in the same two processes, on the same buffers, in short blocks that take turns, so that what else
// the machine does hits both alike. The bare part runs while the engine leaves MPI alone
// (ProgressEngine::exclusively).

#include <cstdio>
#include <cstdlib>
#include <vector>

#include <mpi.h>
#include <torch/types.h>

#include "comm/mpi_channel.h"
#include "common/clock.h"

namespace interlock::comm {
namespace {

constexpr double kBlockSeconds = 0.02;

class PingPong {
 public:
  explicit PingPong(ProgressEngine& engine)
      : engine_(engine), channel_(engine), first_(index(engine.rank()) == 0), peer_(first_ ? 1 : 0) {
    engine_.exclusively([this] { MPI_Comm_dup(MPI_COMM_WORLD, &mpi_); });
  }

  void measure(std::int64_t bytes, int blocks) {
    out_ = torch::ones({bytes}, torch::kByte);
    in_ = torch::zeros({bytes}, torch::kByte);
    int rounds = 8;
    for (int i = 0; i < 3; ++i) rounds = rounds_for_block(rounds);
    std::vector<double> mpi;
    std::vector<double> channel;
    for (int block = 0; block < blocks; ++block) {
      mpi.push_back(mpi_block(rounds));
      channel.push_back(channel_block(rounds));
    }
    if (!first_) return;
    std::printf("{\"bytes\": %lld, ", static_cast<long long>(bytes));
    print("mpi", mpi);
    std::printf(", ");
    print("channel", channel);
    std::printf("}\n");
    std::fflush(stdout);
  }

 private:
  static void print(const char* name, const std::vector<double>& values) {
    std::printf("\"%s\": [", name);
    for (std::size_t i = 0; i < values.size(); ++i) std::printf("%s%.3f", i == 0 ? "" : ", ", values[i]);
    std::printf("]");
  }

  // Rank 0 decides for both.
  int rounds_for_block(int rounds) {
    channel_block(rounds);
    const double half = mpi_block(rounds) * 1e-6;
    int decided = static_cast<int>(kBlockSeconds / (2 * half));
    decided = decided < 4 ? 4 : decided;
    engine_.exclusively([&] { MPI_Bcast(&decided, 1, MPI_INT, 0, mpi_); });
    return decided;
  }

  void meet() {
    engine_.exclusively([this] { MPI_Barrier(mpi_); });
  }

  double mpi_block(int rounds) {
    meet();
    const double start = monotonic_seconds();
    engine_.exclusively([&] {
      const int bytes = static_cast<int>(out_.nbytes());
      for (int i = 0; i < rounds; ++i) {
        if (first_) MPI_Send(out_.data_ptr(), bytes, MPI_BYTE, peer_, 0, mpi_);
        MPI_Recv(in_.data_ptr(), bytes, MPI_BYTE, peer_, 0, mpi_, MPI_STATUS_IGNORE);
        if (!first_) MPI_Send(out_.data_ptr(), bytes, MPI_BYTE, peer_, 0, mpi_);
      }
    });
    return (monotonic_seconds() - start) / (2 * rounds) * 1e6;
  }

  // The same order of calls. The buffer is free again before the next send, as after MPI_Send.
  double channel_block(int rounds) {
    meet();
    const double start = monotonic_seconds();
    Transfer sending;
    const auto send = [&] {
      if (sending.valid()) sending.wait();
      sending = channel_.send(Rank{peer_}, Tag::activation(0), out_);
    };
    if (first_) send();
    for (int i = 0; i < rounds; ++i) {
      channel_.receive(Rank{peer_}, Tag::activation(0), in_).wait();
      if (!first_ || i + 1 < rounds) send();
    }
    sending.wait();
    return (monotonic_seconds() - start) / (2 * rounds) * 1e6;
  }

  ProgressEngine& engine_;
  MpiChannel channel_;
  bool first_;
  int peer_;
  MPI_Comm mpi_ = MPI_COMM_NULL;
  at::Tensor out_;
  at::Tensor in_;
};

int run(int blocks, const std::vector<std::int64_t>& sizes) {
  ProgressEngine engine;
  if (engine.size() != 2) {
    std::fprintf(stderr, "bench_transport needs 2 ranks, not %d\n", engine.size());
    engine.close();
    return 2;
  }
  PingPong ping_pong(engine);
  for (const std::int64_t bytes : sizes) ping_pong.measure(bytes, blocks);
  engine.close();
  return 0;
}

}  // namespace
}  // namespace interlock::comm

int main(int argc, char** argv) {
  std::vector<std::int64_t> sizes;
  for (int i = 2; i < argc; ++i) sizes.push_back(std::atoll(argv[i]));
  if (sizes.empty()) {
    for (const std::int64_t kib : {1, 4, 64, 256, 1024, 4096, 16384}) sizes.push_back(kib * 1024);
    sizes.insert(sizes.begin(), 64);
  }
  return interlock::comm::run(argc > 1 ? std::atoi(argv[1]) : 15, sizes);
}
