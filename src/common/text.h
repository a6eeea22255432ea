#pragma once
// Small text helpers for messages people read.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace interlock {

// The candidate nearest to `name` by edit distance, or "" where none is near enough to be a likely typing
// error.
std::string nearest_name(const std::string& name, const std::vector<std::string>& candidates);

// The text up to its first line break.
std::string first_line(const std::string& text);

bool starts_with(const std::string& text, const std::string& prefix);

// Without the blanks around it: a view of `text`.
std::string_view trimmed(std::string_view text);

std::string join(const std::vector<std::string>& parts, const std::string& separator);
std::string format_shape(const std::vector<std::int64_t>& shape);  // "[3, 32, 32]"
std::string format_bytes(double bytes);                            // "1.5 MiB"
std::string format_duration(double seconds);                       // "1h02m", "3m05s", "12s"

// Text safe in HTML, in SVG and in attributes of both; control characters become blanks.
std::string escape_markup(const std::string& text);

}  // namespace interlock
