#pragma once
// A rank's log file: all its log lines (common/log.h), each with the time, and besides what only the file
// gets. Lines of the time before it is open are kept and written first.
//
// Threads: any. Errors: none; a file that cannot be written is told once on standard error, and from then on
// lines only go where they went without it.

#include <functional>
#include <string>

namespace interlock {

// Appends to the file, after a line that says that a new start begins, who and where.
void open_log_file(const std::string& path);

// For the file alone.
void note_in_log_file(const std::string& text);

// Called with each warning and error of this process, without its time, on the thread that has it. Must not
// log. Empty: nobody listens any more.
void listen_to_warnings(std::function<void(const std::string& text)> listener);

}  // namespace interlock
