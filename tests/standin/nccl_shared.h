#pragma once
// What the ranks of one stand-in communicator share: a file in /dev/shm, which the last to come unlinks. Private to
// the stand-in's NCCL.

#include <atomic>
#include <cstddef>
#include <string>

namespace standin {

constexpr int kMostRanks = 8;
constexpr std::size_t kChunk = std::size_t{1} << 18;  // bytes that travel at a time

// One message at a time from one rank to another, chunk by chunk. A sender waits until the receiver wants the next
// chunk, and until it has taken it: rendezvous, as NCCL's large messages.
struct Wire {
  std::atomic<unsigned long> wanted, sent, taken;  // chunks so far
  std::atomic<std::size_t> left;                   // bytes of the message, this chunk included
  std::atomic<int> type;                           // ncclDataType_t
  char bytes[kChunk];
};

struct Shared {
  std::atomic<int> joined, left;
  std::atomic<int> arrived;           // at the barrier
  std::atomic<int> gpus[kMostRanks];  // by rank, from 1
  std::atomic<unsigned> barrier;
  std::atomic<std::size_t> sum_bytes[kMostRanks];
  Wire wires[kMostRanks][kMostRanks];  // [from][to]
  char sums[kMostRanks][kChunk];
};

Shared* open_shared(const std::string& path);  // all zeros at first

}  // namespace standin
