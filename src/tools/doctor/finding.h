#pragma once
// What doctor says: one line each, and what to do about it.

#include <string>
#include <vector>

#include "common/error.h"

namespace interlock::tools {

enum class Level { kOk, kWarning, kProblem };

struct Finding {
  Level level = Level::kOk;
  std::string section;  // "machine", "limits", ...
  std::string what;
  std::string advice;  // "" where there is nothing to do
  // Of a problem: with which code training would fail because of it.
  ExitCode code = ExitCode::kIo;
};

// Findings of one section, in order.
class Section {
 public:
  Section(std::string name, std::vector<Finding>& all) : name_(std::move(name)), all_(all) {}
  void ok(const std::string& what) { all_.push_back({Level::kOk, name_, what, "", ExitCode::kOk}); }
  void warn(const std::string& what, const std::string& advice) {
    all_.push_back({Level::kWarning, name_, what, advice, ExitCode::kOk});
  }
  void problem(const std::string& what, const std::string& advice, ExitCode code = ExitCode::kIo) {
    all_.push_back({Level::kProblem, name_, what, advice, code});
  }

 private:
  std::string name_;
  std::vector<Finding>& all_;
};

std::string name_of(Level level);  // "warning"

// The whole report: sections, findings, a last line that counts them.
std::string as_text(const std::vector<Finding>& findings);
std::string as_json(const std::vector<Finding>& findings);
std::vector<Finding> from_json(const std::string& text);  // errors: BrokenInvariant

// 0 where there is no problem; else the code of the worst: a hang, then MPI, then the rest.
int exit_code_of(const std::vector<Finding>& findings);

}  // namespace interlock::tools
