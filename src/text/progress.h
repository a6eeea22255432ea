#pragma once
// Log lines about work on a large text: none for the first seconds, then one every few.

#include <cstdint>
#include <string>

namespace interlock::text {

class Progress {
 public:
  Progress(std::string what, std::uint64_t total_bytes);
  void at(std::uint64_t bytes);  // cheap: call for every line

 private:
  std::string what_;
  std::uint64_t total_;
  std::uint64_t next_look_ = 0;  // the clock is read once in so many bytes
  double start_;
  double said_;  // when, in seconds
};

}  // namespace interlock::text
