#pragma once
// Operators of the thread that started it, by LibTorch's callback around each (at::RecordFunction): two looks at
// the clock and a line in a buffer. On CPUs backward runs on the same thread, so that is all of them.

#include <cstdint>
#include <memory>

#include <ATen/record_function.h>

#include "worker/operator_profile.h"

namespace interlock::worker {

class OperatorObserver final : public OperatorProfile {
 public:
  OperatorObserver();
  ~OperatorObserver() override;
  OperatorObserver(const OperatorObserver&) = delete;
  OperatorObserver& operator=(const OperatorObserver&) = delete;

  void prepare() override {}
  void start() override;
  std::function<trace::Operators()> collect() override;

  struct Seen;  // what callbacks write down

 private:
  void stop();

  std::unique_ptr<Seen> seen_;
  at::CallbackHandle callback_ = at::INVALID_CALLBACK_HANDLE;
};

}  // namespace interlock::worker
