#pragma once
// File helpers whose errors say path, operation and the system's reason (IoError, exit code 4).

#include <cstdint>
#include <string>

namespace interlock {

// Writes through "<path>.tmp", fsync and rename: a reader finds the old content or the new, never a part.
void write_file_atomically(const std::string& path, const std::string& content);

void make_directories(const std::string& path);

// A missing or unreadable file is the caller's kind of error, so this returns false and the reason.
[[nodiscard]] bool read_file(const std::string& path, std::string& content, std::string& reason);

// Where `directory` exists and is not empty, moves it to "<directory>.1" (or .2, ...) and returns the new
// name; else returns "". Nothing of an earlier run is ever overwritten.
std::string set_aside_directory(const std::string& directory);

}  // namespace interlock
