#pragma once
// TensorBoard's events as bytes: the few fields of its protocol buffers (Event, Summary, SessionLog) that a
// training run needs, and the records of a file. Pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace interlock::tensorboard {

struct Scalar {
  std::string_view tag;  // "loss/stage_0": what stands before the last slash groups the charts
  double value = 0;      // written as a float, which is all that TensorBoard shows
};

// `time`: seconds since 1970.
std::string version_event(double time);
// This file's run starts with `step`: what other files say of it and of later steps did not happen.
std::string start_event(double time, std::int64_t step);
// All in one event, which costs less than one each.
std::string scalars_event(double time, std::int64_t step, const std::vector<Scalar>& scalars);
std::string text_event(double time, std::int64_t step, std::string_view tag, std::string_view markdown);

// An event as it stands in a file: its length, a checksum of that, the event, a checksum.
std::string record(std::string_view event);

}  // namespace interlock::tensorboard
