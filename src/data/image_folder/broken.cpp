#include "data/image_folder/broken.h"

#include <fmt/format.h>

#include "common/error.h"
#include "common/log.h"

namespace interlock::data {
namespace {

constexpr int kMostNamedFiles = 10;  // files in a message

}  // namespace

bool BrokenFiles::contains(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  return reasons_.count(path) > 0;
}

void BrokenFiles::add(const std::string& path, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  if (!reasons_.try_emplace(path, reason).second) return;
  const auto count = static_cast<std::int64_t>(reasons_.size());
  if (count <= limit_) {
    log_warning(fmt::format("{}: skipped: {} (broken image {} of the {} that data.broken_limit allows)", path,
                            reason, count, limit_));
    return;
  }
  std::string message = fmt::format(
      "{} broken image{}, more than data.broken_limit ({}) allows: repair or remove them, or raise the limit",
      count, count == 1 ? "" : "s", limit_);
  int named = 0;
  for (const auto& [file, problem] : reasons_) {
    if (named++ == kMostNamedFiles) {
      message += "\n  ...";
      break;
    }
    message += fmt::format("\n  {}: {}", file, problem);
  }
  throw DataError(message);
}

}  // namespace interlock::data
