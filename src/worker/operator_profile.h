#pragma once
// Which of LibTorch's operators ran for a while on the thread that computes, and on a GPU which kernels.
//
// Two ways, for what they cost: on a GPU LibTorch's own profiler (KinetoProfile), which alone sees kernels. On a
// CPU an observer of operators (OperatorObserver): Kineto takes microseconds an operator, which is a seventh of a
// small network's step (docs/results.md), to write down what nobody reads here.
//
// Threads: the one that computes; what collect() returns may be called on any other, once.

#include <functional>
#include <memory>

#include "trace/rank_trace.h"

namespace interlock::worker {

class OperatorProfile {
 public:
  virtual ~OperatorProfile() = default;

  // May be left out. What takes long the first time, above all on a GPU.
  virtual void prepare() = 0;
  virtual void start() = 0;
  // Stops. The result still has to be turned into operators, by the monotonic clock: much work, for another
  // thread. REQUIRES start().
  virtual std::function<trace::Operators()> collect() = 0;
};

std::unique_ptr<OperatorProfile> make_operator_profile(bool on_gpu);

}  // namespace interlock::worker
