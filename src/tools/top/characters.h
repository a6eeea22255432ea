#pragma once
// Text for a terminal: characters, not bytes, take up columns. Pure.

#include <cstddef>
#include <string>
#include <vector>

namespace interlock::tools {

// The last `width` values as blocks, the lowest of them one eighth high; NaN is a blank.
std::string blocks(const std::vector<double>& values, std::size_t width);

// At most `count` means of neighbours, each of as many values (the first of fewer); NaN counts for nothing.
std::vector<double> means(const std::vector<double>& values, std::size_t count);

// The first `columns` characters of UTF-8.
std::string clipped(const std::string& text, std::size_t columns);

// In lines of `columns`, cut between words; a word that is longer has a line of its own.
std::vector<std::string> wrapped(const std::string& text, std::size_t columns);

}  // namespace interlock::tools
