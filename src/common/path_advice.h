#pragma once
// What to do about a path that does not work: the last part of a message about a file. Each starts with "; ",
// or is "" where there is nothing to say. Threads: any. Errors: none; what cannot be looked at is not
// advised on.

#include <string>

namespace interlock {

// For a file or folder that could not be opened: a name beside it that is nearly the same, the part of the
// path that is missing, a '~' that nobody has replaced, or the folder that relative paths start at.
std::string advice_on_missing(const std::string& path);

// For a file or folder that could not be made or written, and the system's reason (errno): missing folder, no
// permission, read-only. A full disk is left to the caller, who knows what goes on afterwards.
std::string advice_on_writing(const std::string& path, int error);

}  // namespace interlock
