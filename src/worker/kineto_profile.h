#pragma once
// LibTorch's own profiler, Kineto: operators of this process's threads, and a GPU's kernels.

#include <cstdint>

#include "worker/operator_profile.h"

namespace interlock::worker {

class KinetoProfile final : public OperatorProfile {
 public:
  explicit KinetoProfile(bool on_gpu);
  ~KinetoProfile() override;
  KinetoProfile(const KinetoProfile&) = delete;
  KinetoProfile& operator=(const KinetoProfile&) = delete;

  void prepare() override;
  void start() override;
  std::function<trace::Operators()> collect() override;

 private:
  const bool on_gpu_;
  bool prepared_ = false;
  bool started_ = false;
  std::int64_t clocks_apart_ =
      0;  // when started: the wall clock, by which Kineto counts, minus the monotonic one
};

}  // namespace interlock::worker
