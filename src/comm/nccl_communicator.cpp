#if INTERLOCK_CUDA
#include "comm/nccl_communicator.h"

#include <chrono>
#include <limits>
#include <sched.h>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "comm/nccl_check.h"
#include "common/clock.h"
#include "common/error.h"

namespace interlock::comm {
namespace {

constexpr double kNoLimit = std::numeric_limits<double>::infinity();
constexpr int kPollsBeforeSleep = 2000;  // about what NCCL takes to hand a group to the GPU
constexpr std::chrono::microseconds kPause{50};

ncclConfig_t config_of(const NcclPlan& plan) {
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  if (plan.most_blocks > 0) config.maxCTAs = plan.most_blocks;
  return config;
}

}  // namespace

std::string describe_nccl(ncclResult_t result) {
  const char* const last = ncclGetLastError(nullptr);
  const std::string text = last == nullptr ? "" : last;
  return fmt::format("{}{}{}", ncclGetErrorString(result), text.empty() ? "" : ": ",
                     text.substr(0, text.find_last_not_of('\n') + 1));
}

void throw_nccl_error(ncclResult_t result, const std::string& what) {
  throw PeerError(
      fmt::format("NCCL: {} ({}). NCCL_DEBUG=INFO in the environment makes it say more; "
                  "run.transport=host_staged does without NCCL",
                  describe_nccl(result), what));
}

NcclCommunicator::NcclCommunicator(NcclPlan plan, const ncclUniqueId& id, device::Stream stream)
    : plan_(std::move(plan)), stream_(std::move(stream)) {
  ncclConfig_t config = config_of(plan_);
  INTERLOCK_NCCL(ncclCommInitRankConfig(&communicator_, plan_.size, id, plan_.rank, &config));
}

NcclCommunicator::~NcclCommunicator() {
  abort("closed");
}

ncclResult_t NcclCommunicator::state() {
  const std::lock_guard lock(mutex_);
  if (communicator_ == nullptr) throw PeerError(failure_);
  ncclResult_t state = ncclInProgress;
  INTERLOCK_NCCL(ncclCommGetAsyncError(communicator_, &state));
  return state;
}

void NcclCommunicator::wait_until_idle(double seconds) {
  const double deadline = monotonic_seconds() + seconds;
  for (int polls = 0;; ++polls) {
    const ncclResult_t now = state();
    if (now == ncclSuccess) return;
    if (now != ncclInProgress) throw_nccl_error(now, plan_.name);
    if (polls < kPollsBeforeSleep) {
      sched_yield();
      continue;
    }
    if (monotonic_seconds() >= deadline) {
      throw PeerError(
          fmt::format("NCCL: {}: not all {} ranks came within {:.0f} s; another rank may have failed, or its "
                      "host cannot be "
                      "reached (NCCL_SOCKET_IFNAME chooses the network, NCCL_DEBUG=INFO says more)",
                      plan_.name, plan_.size, seconds));
    }
    std::this_thread::sleep_for(kPause);
  }
}

void NcclCommunicator::group(const Calls& calls) {
  group_within(kNoLimit, calls);
}

void NcclCommunicator::group_within(double seconds, const Calls& calls) {
  {
    const std::lock_guard lock(mutex_);
    if (communicator_ == nullptr) throw PeerError(failure_);
    INTERLOCK_NCCL(ncclGroupStart());
    try {
      calls(communicator_);
    } catch (...) {
      (void)ncclGroupEnd();
      throw;
    }
    INTERLOCK_NCCL(ncclGroupEnd());
  }
  // Only then is it in the stream: NCCL hands it over on a thread of its own.
  wait_until_idle(seconds);
}

std::string NcclCommunicator::poll() noexcept {
  const std::lock_guard lock(mutex_);
  if (communicator_ == nullptr) return failure_;
  ncclResult_t state = ncclSuccess;
  const ncclResult_t asked = ncclCommGetAsyncError(communicator_, &state);
  for (const ncclResult_t result : {asked, state}) {
    if (result != ncclSuccess && result != ncclInProgress)
      return fmt::format("NCCL: {}: {}", plan_.name, describe_nccl(result));
  }
  return "";
}

void NcclCommunicator::abort(const std::string& why) noexcept {
  const std::lock_guard lock(mutex_);
  if (communicator_ == nullptr) return;
  failure_ = why;
  (void)ncclCommAbort(std::exchange(communicator_, nullptr));
}

void NcclCommunicator::finish(double seconds) noexcept {
  try {
    {
      const std::lock_guard lock(mutex_);
      if (communicator_ == nullptr) return;
      INTERLOCK_NCCL(ncclCommFinalize(communicator_));
    }
    wait_until_idle(seconds);
    const std::lock_guard lock(mutex_);
    failure_ = "NCCL: " + plan_.name + ": closed";
    if (communicator_ != nullptr) (void)ncclCommDestroy(std::exchange(communicator_, nullptr));
  } catch (...) {
    abort("NCCL: " + plan_.name + ": closed");
  }
}

}  // namespace interlock::comm
#endif
