#pragma once
// A file that appears whole or not at all: bytes go to "<path>.tmp", and commit() makes them durable and
// gives them their name. write_file_atomically() is this for content at hand; use the class to stream what is
// too large to hold twice.

#include <cstddef>
#include <string>

namespace interlock {

// Owns the temporary file; without commit() the destructor removes it and an older file at `path` stays as it
// was. Errors: IoError with path, operation and the system's reason.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* bytes, std::size_t count);
  void commit();  // fsync, close, rename, fsync of the folder; nothing may be written afterwards

 private:
  std::string path_;
  std::string temporary_;
  int descriptor_ = -1;  // -1 once closed
};

}  // namespace interlock
