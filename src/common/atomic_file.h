#pragma once
// A file that appears whole or not at all: bytes go to a temporary beside it,
// "<path>.interlock-<process>-<number>.tmp", and commit() makes them durable and gives them their name.
// write_file_atomically() is this for content at hand; use the class to stream what is too large to hold
// twice.

#include <cstddef>
#include <cstdint>
#include <string>

namespace interlock {

// Owns the temporary file; without commit() the destructor removes it and an older file at `path` stays as it
// was. Errors: IoError with path, operation and the system's reason: disk full, quota, file size limit (where
// SIGXFSZ is ignored), a failed fsync. One thread an object.
class AtomicFile {
 public:
  // Not durable: commit() does not wait for the disk. For what is worth nothing once its host has crashed.
  explicit AtomicFile(std::string path, bool durable = true);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* bytes, std::size_t count);
  void commit();  // fsync, close, rename, fsync of the folder; nothing may be written afterwards

 private:
  void create();
  void remove();

  std::string path_;
  bool durable_;
  std::string temporary_;
  int descriptor_ = -1;  // -1 once closed
  std::int64_t length_ = 0;
};

// Removes the temporaries that this process has not committed yet, for a process that is about to end without
// running destructors: their commits fail from then on. Any thread; waits at most a second for one that is
// just being renamed.
void remove_unfinished_files();

// The same, and no new ones can be begun (IoError): for a process that its job's end finds in the middle of
// its work, awake again after it was stopped even.
void remove_unfinished_files_for_good();
// Whether that has been called.
[[nodiscard]] bool files_are_closed_for_good();

// Is this the name of such a temporary, of whatever process? Without folders.
bool is_unfinished_file(const std::string& name);

}  // namespace interlock
