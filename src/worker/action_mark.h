#pragma once
// Marks the time that it lives as an action: for the trace and, on a GPU, under its name for NVIDIA's
// profilers (NVTX ranges, which nsys shows).

#include "trace/recorder.h"
#include "worker/prepared_program.h"

namespace interlock::worker {

// Who wants to know of actions.
struct Marks {
  trace::Recorder& recorder;
  bool on_gpu = false;
};

class RangeOnGpu {
 public:
  RangeOnGpu(bool on_gpu, const char* name);
  ~RangeOnGpu();
  RangeOnGpu(const RangeOnGpu&) = delete;
  RangeOnGpu& operator=(const RangeOnGpu&) = delete;

 private:
  const bool on_gpu_;
};

class ActionMark {
 public:
  ActionMark(const Marks& marks, const PreparedAction& prepared)
      : range_(marks.on_gpu, prepared.name.c_str()),
        span_(marks.recorder, trace::record_of(prepared.action)) {}

 private:
  RangeOnGpu range_;
  trace::Span span_;
};

}  // namespace interlock::worker
