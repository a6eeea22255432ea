#pragma once
// What only the holder of the engine's driving lock touches. Private to comm.

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "comm/doorbell.h"
#include "comm/link_delay.h"
#include "comm/mpi_check.h"
#include "comm/pending_operation.h"
#include "comm/progress_engine.h"

namespace interlock::comm {

using Pause = std::chrono::microseconds;

// Without a doorbell nothing tells us of a message, so sleeps are short, and grow from here.
constexpr Pause kShortestPause{30};
// With a doorbell a poll is only a safety net, and frees what others have received meanwhile.
constexpr Pause kSafetyNet{20'000};
// Passes in vain before a thread sleeps: a little later there may be an answer.
constexpr int kPassesBeforeSleep = 2;
// Smaller messages are in the receiver's memory once sent (Open MPI's limit for shared memory is 4 KiB with
// headers): nobody needs to help them on.
constexpr std::size_t kSmall = 2048;

struct ProgressEngine::MpiState {
  MpiState() {
    constexpr std::size_t kUsual = 64;
    requests.reserve(kUsual);
    operations.reserve(kUsual);
    starting.reserve(kUsual);
    finished.resize(kUsual);
    statuses.resize(kUsual);
  }

  MPI_Comm data = MPI_COMM_NULL;
  MPI_Comm control = MPI_COMM_NULL;
  std::unique_ptr<Doorbell> doorbell;
  std::unique_ptr<SharedSlots> activities;  // an Activity's record in each
  std::unique_ptr<LinkDelay> delay;         // null but in some tests
  bool single_copy = false;  // a large message to a rank of this host needs no help of the sender's
  // Without that, about as long as the large messages that were sent take in pieces, at 1 GB/s.
  std::chrono::steady_clock::time_point pieces_until;
  std::uint32_t handled = 0;  // rings up to this one need no more attention

  std::vector<MPI_Request> requests;
  std::vector<std::shared_ptr<PendingOperation>> operations;  // parallel to requests
  int sends = 0;                                              // of them

  // Kept between calls for their capacity.
  std::vector<std::shared_ptr<PendingOperation>> starting;
  std::vector<int> finished;
  std::vector<MPI_Status> statuses;

  // Others of this host ring while they send to this rank in pieces: worth polling for a while.
  [[nodiscard]] bool in_pieces() const { return doorbell->reaches_all() && !single_copy; }
  // A message on its way may need this rank's help, and no ring will say when.
  [[nodiscard]] bool needs_polling() const {
    return !doorbell->reaches_all() || (!single_copy && sends > 0) || holds_back();
  }
  [[nodiscard]] bool holds_back() const { return delay != nullptr && !delay->empty(); }
};

}  // namespace interlock::comm
