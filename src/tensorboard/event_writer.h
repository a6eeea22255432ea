#pragma once
// An event file of a run, for TensorBoard.
//
// Owns the file. Every event is in it when the call returns, so that TensorBoard can follow. Errors: none;
// from the first write that fails on, which is told once, nothing is written. Threads: one.

#include <cstdint>
#include <string>
#include <vector>

#include "common/append_file.h"
#include "tensorboard/event.h"

namespace interlock::tensorboard {

class EventWriter {
 public:
  // A new file in `folder`, which is made if need be; its name comes after those of all that are there.
  explicit EventWriter(const std::string& folder);

  // The run goes on, or begins, with this step.
  void start(double time, std::int64_t step);
  void scalars(double time, std::int64_t step, const std::vector<Scalar>& scalars);
  void text(double time, std::int64_t step, const std::string& tag, const std::string& markdown);

 private:
  void add(const std::string& event);
  void tell(const std::string& failure);

  AppendFile file_;
  bool told_ = false;
};

}  // namespace interlock::tensorboard
