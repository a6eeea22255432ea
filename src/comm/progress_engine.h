#pragma once
// MPI for a rank: messages between stages, control messages with the coordinator, start and end of the job.
//
// Owns:     MPI itself, two duplicated communicators (data between stages, control with the coordinator),
//           the communication thread, the memory of every operation in flight.
// Threads:  any thread may post and wait. Whoever holds the driving lock calls MPI, one thread at a time: a
//           thread that posts starts its operation itself, a thread that waits drives MPI itself (so a
//           message costs one wake-up at most), and the communication thread drives when something comes in
//           while all others compute. So a rank that computes for seconds still sends and receives.
// Cost:     a wait polls first, for 2 us to 2 ms, longer where that has paid lately (20 us at most with more
//           ranks than cores), then sleeps until a rank of the same host rings (doorbell.h), so an idle rank
//           uses next to nothing. With ranks on other hosts it keeps polling, every half millisecond at the
//           longest: about 1 % of a core. No allocation for messages of tensors once the first have passed.
// Errors:   PeerError from posts, wait() and next_control() once the transport has failed.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "comm/tag.h"
#include "comm/transfer.h"
#include "common/activity.h"
#include "common/ids.h"

namespace at {
class Tensor;
}

namespace interlock::comm {

class OperationPool;

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

  // The bytes of a contiguous CPU tensor, which is held until completion (TensorChannel checks).
  Transfer send(Rank to, Tag tag, const at::Tensor& tensor);
  Transfer receive(Rank from, Tag tag, const at::Tensor& buffer);

  // The same, held back until `start_later` is called (prepared.cpp): for data that a device has yet to make,
  // or a buffer that it has yet to let go of. That may be done by any thread, a device's callback included:
  // it calls neither MPI nor a device, drops no tensor and does not throw. close() waits for what has not
  // been started; give_up_prepared() says of how many transfers that nobody will start them.
  struct Prepared {
    Transfer transfer;
    std::function<void()> start_later;  // once
  };
  Prepared prepare_send(Rank to, Tag tag, const at::Tensor& tensor);
  Prepared prepare_receive(Rank from, Tag tag, const at::Tensor& buffer);
  void give_up_prepared(int count);

  // Has the communication thread call `setup`, and waits for that: an MPI that takes a GPU's addresses needs
  // every thread that calls it to have chosen the GPU.
  void set_up_thread(const std::function<void()>& setup);

  // Whether that rank runs on this host.
  [[nodiscard]] bool on_this_host(Rank rank) const;
  [[nodiscard]] bool failed() const { return failed_; }

  void send_control(Rank to, std::string payload);
  // Next control message in order of arrival; blocks. With a timeout: nothing if none came in time.
  ControlMessage next_control();
  std::optional<ControlMessage> next_control(double timeout_seconds);
  std::optional<ControlMessage> try_next_control();  // returns at once

  // For those who watch the ranks (src/watch): control messages apart from the others, which come and go
  // while the main thread computes or waits. take_watch() returns at once; watch_descriptor() is readable for
  // poll() while there may be one.
  void send_watch(Rank to, std::string payload);
  std::optional<ControlMessage> take_watch();
  [[nodiscard]] int watch_descriptor() const { return watch_descriptor_; }
  // What a rank of this host is doing, even where it cannot say so any more; nothing for one on another host.
  [[nodiscard]] std::optional<Activity> activity_of(Rank rank) const;

  // Runs `use` with MPI to itself: no other thread of this process is in MPI meanwhile, and no message of the
  // engine moves. For measurements of MPI itself. `use` must not call the engine.
  void exclusively(const std::function<void()>& use);

  // Completes all sends, meets the other ranks in a barrier and finalises MPI. Call on every rank.
  void close();

  // Ends the whole job with this exit code. Every other rank is killed; nothing is flushed.
  [[noreturn]] void abort(int exit_code);

 private:
  friend class Transfer;
  using Clock = std::chrono::steady_clock;
  using Operation = std::shared_ptr<PendingOperation>;

  // Any thread.
  Operation new_operation();
  Operation tensor_operation(Rank peer, Tag tag, const at::Tensor& tensor, void* data);
  Operation send_operation(Rank to, Tag tag, const at::Tensor& tensor);
  Operation receive_operation(Rank from, Tag tag, const at::Tensor& buffer);
  Prepared prepare(Operation operation);
  Transfer post(Operation operation);
  void wait(const PendingOperation& operation);
  bool done(const PendingOperation& operation);
  Transfer post_text(Rank to, std::string payload, bool for_watch);
  void throw_if_failed();
  void record_failure();  // of the exception being handled
  void ring_self();
  std::optional<ControlMessage> take_control();

  // Waiting, in waiting.cpp. `Condition` is a cheap test that only reads atomics.
  template <class Condition>
  bool wait_until(const Condition& met, Clock::time_point deadline,
                  bool for_receipt = false);  // false at the deadline
  template <class Condition>
  void drive_until(const Condition& met, Clock::time_point deadline, bool for_receipt);
  template <class Condition>
  void wait_for_driver(const Condition& met, Clock::time_point deadline);
  void stop_driving(std::unique_lock<std::mutex> driving);  // after polling with nobody listening
  void hand_over(std::unique_lock<std::mutex> driving);     // the communication thread may drive again
  template <class Condition>
  std::unique_lock<std::mutex> drive_soon(
      const Condition& met);  // not locked if another thread keeps driving
  template <class Work>
  bool drive_briefly(const Work& work);  // false if another thread drives
  template <class Work>
  void guarded(const Work& work);  // its exceptions are the engine's failure

  // Everything below needs the driving lock (progress.cpp).
  bool pass();       // one look at everything; true if anything moved
  bool last_look();  // takes in everything that came before it; true if anything moved
  void start(const Operation& operation);
  bool start_queued();     // true if anything was started
  bool complete_some();    // true if anything completed
  bool receive_control();  // true if a message came in
  void complete(PendingOperation& operation, std::size_t received);
  void notify_waiting();
  bool nudge_receivers();  // rings whoever we are still sending to; true if there is anyone
  // How long a thread may sleep that has found nothing to do; `pause` grows. `for_receipt`: sends are waited
  // for.
  std::chrono::microseconds time_to_sleep(std::chrono::microseconds& pause, bool for_receipt);

  // The communication thread (communication_thread.cpp).
  void run();
  void initialise();
  void progress_until_closed();
  bool poll_until_quiet(bool rung);  // false if another thread wants to drive
  [[nodiscard]] bool nothing_left() const;
  void meet_and_leave();
  void finalise();
  void run_thread_setup();

  int rank_ = 0;  // constant after construction
  int size_ = 1;
  int watch_descriptor_ = -1;  // an eventfd

  struct MpiState;  // communicators, requests
  std::unique_ptr<MpiState> mpi_;
  std::mutex driving_;            // held by the one thread that calls MPI
  std::atomic<int> wanting_{0};   // threads about to take it: the communication thread steps back
  std::atomic<int> sleeping_{0};  // threads waiting while another drives
  std::atomic<std::int64_t> spin_microseconds_{0};  // for how long the next wait polls before it sleeps

  std::atomic<bool> queued_{false};         // something is in queue_
  std::atomic<bool> arrived_{false};        // something is in inbox_
  std::atomic<bool> failed_{false};         // failure_ is set
  std::atomic<int> prepared_{0};            // transfers that wait for start_later
  std::atomic<bool> setup_pending_{false};  // thread_setup_ is set
  std::atomic<bool> closing_{false};
  std::atomic<int> abort_code_{-1};

  mutable std::mutex mutex_;         // guards all below; taken inside driving_, never around it
  std::condition_variable changed_;  // wakes who waits while another thread drives
  std::vector<Operation> queue_;     // posted while another thread drove
  std::deque<ControlMessage> inbox_;
  std::deque<ControlMessage> watch_inbox_;
  std::exception_ptr failure_;
  const std::function<void()>* thread_setup_ = nullptr;
  bool ready_ = false;

  std::shared_ptr<OperationPool> pool_;
  std::thread thread_;
};

}  // namespace interlock::comm
