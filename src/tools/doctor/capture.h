#pragma once
// Another program's answer, within a time.

#include <memory>
#include <string>
#include <vector>

namespace interlock::tools {

struct Answer {
  int exit_code = 0;   // 127: it could not be started
  std::string output;  // standard output and error together, at most 1 MiB
  bool timed_out = false;
};

// Started by the constructor, so that other things can be looked at meanwhile.
class Question {
 public:
  explicit Question(const std::vector<std::string>& command);
  ~Question();  // kills what still runs
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;
  // Waits until it has ended, for at most so long since it was started; then it and its children are killed.
  Answer wait(double seconds);

 private:
  class Child;
  std::unique_ptr<Child> child_;
};

}  // namespace interlock::tools
