#pragma once
// What a user did wrong on the command line, in words: which word, and what was probably meant. CLI11 only
// says that something was not expected. Threads: any. Errors: none.

#include <string>

#include <CLI/CLI.hpp>

namespace interlock::cli {

// One line for an error of app.parse(), without "error:", ending in the --help that explains more.
std::string explain_mistake(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv);

}  // namespace interlock::cli
