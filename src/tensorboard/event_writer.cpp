#include "tensorboard/event_writer.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>

#include "common/clock.h"
#include "common/log.h"

namespace interlock::tensorboard {
namespace {

constexpr const char* kPrefix = "events.out.tfevents.";

// TensorBoard reads the files of a folder in the order of their names, so a later one must have the later
// time in its name, whatever this host's clock says.
std::int64_t newest_in(const std::string& folder) {
  namespace fs = std::filesystem;
  std::int64_t newest = 0;
  std::error_code none;
  for (fs::directory_iterator file(folder, none), end; !none && file != end; file.increment(none)) {
    const std::string name = file->path().filename().string();
    if (name.rfind(kPrefix, 0) == 0)
      newest = std::max<std::int64_t>(newest, std::atoll(name.c_str() + std::string(kPrefix).size()));
  }
  return newest;
}

}  // namespace

EventWriter::EventWriter(const std::string& folder) {
  const double now = wall_seconds();
  const std::int64_t time = std::max(static_cast<std::int64_t>(now), newest_in(folder) + 1);
  char host[256] = {};
  gethostname(host, sizeof(host) - 1);
  tell(file_.open(fmt::format("{}/{}{:010}.{}.{}", folder, kPrefix, time, host, getpid())));
  add(version_event(now));
}

void EventWriter::start(double time, std::int64_t step) {
  add(start_event(time, step));
}

void EventWriter::scalars(double time, std::int64_t step, const std::vector<Scalar>& scalars) {
  if (!scalars.empty()) add(scalars_event(time, step, scalars));
}

void EventWriter::text(double time, std::int64_t step, const std::string& tag, const std::string& markdown) {
  add(text_event(time, step, tag, markdown));
}

void EventWriter::add(const std::string& event) {
  if (file_.is_open()) tell(file_.write(record(event)));
}

void EventWriter::tell(const std::string& failure) {
  if (failure.empty() || told_) return;
  told_ = true;
  log_warning(fmt::format("{}; TensorBoard gets no more of this run", failure));
}

}  // namespace interlock::tensorboard
