#include "common/atomic_file.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <mutex>
#include <set>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "common/error.h"
#include "common/fault_point.h"
#include "common/files.h"
#include "common/path_advice.h"

namespace interlock {
namespace {

constexpr const char* kMark = ".interlock-";
constexpr const char* kEnding = ".tmp";

// Temporaries of this process that have not got their names yet.
struct Unfinished {
  std::timed_mutex mutex;
  std::set<std::string> paths;
  bool no_more = false;
};

// Never destroyed: a thread may still write while the process leaves.
Unfinished& unfinished() {
  static auto* const one = new Unfinished;
  return *one;
}

[[noreturn]] void throw_io(const std::string& path, const char* operation) {
  const int reason = errno;
  throw IoError(fmt::format("{}: cannot {}: {}{}", path, operation, std::strerror(reason),
                            advice_on_writing(path, reason)));
}

// A test may ask for a full disk at any system call.
void pass(const char* point, const std::string& path, const char* operation) {
  if (fault_point(point) != Fault::kNoSpace) return;
  errno = ENOSPC;
  throw_io(path, operation);
}

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace

AtomicFile::AtomicFile(std::string path, bool durable) : path_(std::move(path)), durable_(durable) {
  create();
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) remove();
}

// Another run, on another host even, may write the same path, and an earlier life of this process number may
// have left its temporary: only a name that nobody has is taken.
void AtomicFile::create() {
  static std::atomic<unsigned> next{0};
  const std::lock_guard lock(unfinished().mutex);
  if (unfinished().no_more) throw IoError(fmt::format("{}: not begun: the job is ending", path_));
  do {
    temporary_ = fmt::format("{}{}{}-{}{}", path_, kMark, ::getpid(), next++, kEnding);
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  } while (descriptor_ < 0 && errno == EEXIST);
  if (descriptor_ < 0) {
    const int reason = std::exchange(errno, 0);
    temporary_.clear();
    errno = reason;
    throw_io(path_, "create");
  }
  unfinished().paths.insert(temporary_);
}

void AtomicFile::remove() {
  const std::lock_guard lock(unfinished().mutex);
  ::unlink(temporary_.c_str());
  unfinished().paths.erase(temporary_);
}

void AtomicFile::write(const void* bytes, std::size_t count) {
  // Pieces, each on its way to the disk while the next is copied; else all of it would wait for fsync().
  constexpr std::size_t kMostAtOnce = std::size_t{16} << 20;
  const auto* source = static_cast<const char*>(bytes);
  while (count > 0) {
    if (durable_) pass("file_write", path_, "write");
    const ssize_t written = ::write(descriptor_, source, std::min(count, kMostAtOnce));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_io(path_, "write");
    source += written;
    count -= static_cast<std::size_t>(written);
    // A hint: where a file system does not take it, fsync() does everything.
    if (durable_) (void)::sync_file_range(descriptor_, length_, written, SYNC_FILE_RANGE_WRITE);
    length_ += written;
  }
}

void AtomicFile::commit() {
  if (durable_) {
    pass("file_sync", path_, "flush");
    if (::fsync(descriptor_) != 0) throw_io(path_, "flush");
  }
  const int closed = ::close(descriptor_);
  descriptor_ = -1;
  if (closed != 0) throw_io(path_, "close");
  if (durable_) pass("file_rename", path_, "rename into place");
  {
    const std::lock_guard lock(unfinished().mutex);
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
      ::unlink(temporary_.c_str());
      unfinished().paths.erase(std::exchange(temporary_, ""));
      throw_io(path_, "rename into place");
    }
    unfinished().paths.erase(std::exchange(temporary_, ""));
  }
  if (!durable_) return;
  pass("file_renamed", path_, "flush the folder of");
  sync_folder(folder_of(path_));
}

void remove_unfinished_files() {
  std::unique_lock lock(unfinished().mutex, std::chrono::seconds(1));
  if (!lock.owns_lock()) return;  // its owner hangs in the file system, where we would hang as well
  for (const std::string& path : unfinished().paths) ::unlink(path.c_str());
}

void remove_unfinished_files_for_good() {
  remove_unfinished_files();
  std::unique_lock lock(unfinished().mutex, std::chrono::seconds(1));
  if (lock.owns_lock()) unfinished().no_more = true;
  lock = {};
  remove_unfinished_files();
}

bool files_are_closed_for_good() {
  const std::lock_guard lock(unfinished().mutex);
  return unfinished().no_more;
}

bool is_unfinished_file(const std::string& name) {
  const std::string mark = kMark, ending = kEnding;
  const std::size_t start = name.rfind(mark);
  if (start == std::string::npos || start == 0 || name.size() < ending.size()) return false;
  if (name.compare(name.size() - ending.size(), ending.size(), ending) != 0) return false;
  const std::size_t numbers = start + mark.size();
  if (numbers + ending.size() > name.size()) return false;
  const std::string both = name.substr(numbers, name.size() - ending.size() - numbers);
  const std::size_t dash = both.find('-');
  return dash != std::string::npos && is_number(both.substr(0, dash)) && is_number(both.substr(dash + 1));
}

}  // namespace interlock
