#pragma once
// File helpers whose errors say path, operation and the system's reason (IoError, exit code 4).

#include <cstdint>
#include <string>

namespace interlock {

// Writes through a temporary (atomic_file.h), fsync and rename: a reader finds the old content or the new,
// never a part.
void write_file_atomically(const std::string& path, const std::string& content);

// With its parents; what is new is on disk, in its own folder, when this returns.
void make_directories(const std::string& path);

// Makes renames, new files and removals in the folder durable. A file system that cannot do so for folders is
// no error, a disk that fails is.
void sync_folder(const std::string& path);

std::string folder_of(const std::string& path);  // "." for a plain name

// A missing or unreadable file is the caller's kind of error, so this returns false and the reason.
[[nodiscard]] bool read_file(const std::string& path, std::string& content, std::string& reason);

// Where `directory` exists and is not empty, moves it to "<directory>.1" (or .2, ...) and returns the new
// name; else returns "". Nothing of an earlier run is ever overwritten. `mark` goes before the number.
std::string set_aside_directory(const std::string& directory, const std::string& mark = ".");

}  // namespace interlock
