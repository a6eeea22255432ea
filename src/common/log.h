#pragma once
// Log lines to standard error: "interlock: text", with the rank in front once set_log_rank() was called.
// Any thread may call; a line is written whole. Progress lines and results go to standard output instead.

#include <string>

namespace interlock {

void set_log_rank(int rank);
void log_info(const std::string& text);
void log_warning(const std::string& text);
void log_error(const std::string& text);

}  // namespace interlock
