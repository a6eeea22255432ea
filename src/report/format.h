#pragma once
// Numbers as people read them in a report.

#include <string>

namespace interlock::report {

enum class Unit { kNumber, kPercent, kSeconds, kMebibytes };

// "0.9237", "1,630", "62.4 %", "48 ms", "1m34s", "171 MiB"; "-" for what is not finite.
std::string format(double value, Unit unit);
std::string format_number(double value, int digits = 4);  // significant ones
std::string with_thousands(double value);                 // "1,630", rounded

// At most `most` characters (not bytes): the middle is left out.
std::string shorten(const std::string& text, std::size_t most);
std::size_t characters(const std::string& text);  // of UTF-8

}  // namespace interlock::report
