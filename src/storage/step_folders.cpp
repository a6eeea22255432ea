#include "storage/step_folders.h"

#include <algorithm>

#include "storage/checkpoint.h"

namespace interlock::storage {
namespace {

namespace fs = std::filesystem;

// -1 for a folder that is no checkpoint of the run.
std::int64_t step_of(const std::string& name) {
  const std::string prefix = "step-";
  if (name.rfind(prefix, 0) != 0 || name.size() == prefix.size() || name.size() > prefix.size() + 18)
    return -1;
  const std::string digits = name.substr(prefix.size());
  return digits.find_first_not_of("0123456789") == std::string::npos ? std::stoll(digits) : -1;
}

}  // namespace

std::vector<StepFolder> step_folders(const std::string& run_directory) {
  std::vector<StepFolder> found;
  std::error_code reason;
  for (const auto& entry : fs::directory_iterator(checkpoints_directory(run_directory), reason)) {
    const std::int64_t step = step_of(entry.path().filename().string());
    if (step < 0 || entry.symlink_status(reason).type() != fs::file_type::directory) continue;
    found.push_back({step, entry.path(), fs::exists(entry.path() / "manifest.json", reason)});
  }
  std::sort(found.begin(), found.end(),
            [](const StepFolder& a, const StepFolder& b) { return a.step < b.step; });
  return found;
}

}  // namespace interlock::storage
