#pragma once
// The communication thread: the only thread of a process that calls MPI, from MPI_Init to MPI_Finalize.
//
// Owns:     MPI itself, two duplicated communicators (data between stages, control with the coordinator), the
// memory
//           of every operation in flight.
// Threads:  any thread may post and wait. Waiting sleeps on a condition variable. A rank that computes for
// seconds
//           still sends, receives and takes control messages, because this thread does it.
// Cost:     polls quickly while there is traffic, then backs off; a rank of the same host that sends rings
//           (doorbell.h), so an idle rank sleeps and uses next to nothing. With ranks on other hosts it
//           keeps polling, every half millisecond at the longest: about 1 % of a core.
// Errors:   PeerError from wait() and next_control() once the transport has failed.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "comm/tag.h"
#include "comm/transfer.h"
#include "common/ids.h"

namespace interlock::comm {

struct ControlMessage {
  Rank from{};
  std::string payload;
};

class ProgressEngine {
 public:
  ProgressEngine();   // starts the thread, which initialises MPI
  ~ProgressEngine();  // as close(), but never throws
  ProgressEngine(const ProgressEngine&) = delete;
  ProgressEngine& operator=(const ProgressEngine&) = delete;

  [[nodiscard]] Rank rank() const { return Rank{rank_}; }
  [[nodiscard]] int size() const { return size_; }

  // `data` must stay valid until completion; `keep_alive` is held until then. Sizes in bytes, below 2 GiB.
  Transfer send(Rank to, Tag tag, const void* data, std::size_t bytes,
                std::shared_ptr<const void> keep_alive);
  Transfer receive(Rank from, Tag tag, void* data, std::size_t bytes, std::shared_ptr<const void> keep_alive);

  void send_control(Rank to, std::string payload);
  // Next control message in order of arrival; blocks. With a timeout: nothing if none came in time.
  ControlMessage next_control();
  std::optional<ControlMessage> next_control(double timeout_seconds);

  // Completes all sends, meets the other ranks in a barrier and finalises MPI. Call on every rank.
  void close();

  // Ends the whole job with this exit code. Every other rank is killed; nothing is flushed.
  [[noreturn]] void abort(int exit_code);

 private:
  friend class Transfer;
  Transfer post(std::shared_ptr<PendingOperation> operation);
  void wait(const PendingOperation& operation);
  bool done(const PendingOperation& operation) const;
  void wake_communication_thread();
  void throw_if_failed(const std::unique_lock<std::mutex>& lock) const;

  // Everything below runs on the communication thread.
  void run();
  void initialise();
  void finalise();
  bool start_posted();     // true if anything was started
  bool complete_some();    // true if anything completed
  bool receive_control();  // true if a message came in
  void progress_until_closed();
  bool nudge_receivers();  // rings whoever we are still sending to; true if there is anyone
  void meet_and_leave();

  int rank_ = 0;  // constant after construction
  int size_ = 1;

  struct MpiState;  // communicators, requests: communication thread only
  std::unique_ptr<MpiState> mpi_;

  mutable std::mutex mutex_;         // guards all below, and PendingOperation::complete
  std::condition_variable changed_;  // wakes waiters
  std::deque<std::shared_ptr<PendingOperation>> queue_;
  std::deque<ControlMessage> inbox_;
  std::exception_ptr failure_;
  bool ready_ = false;
  bool closing_ = false;
  int abort_code_ = -1;

  std::thread thread_;
};

}  // namespace interlock::comm
