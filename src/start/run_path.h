#pragma once

#include <string>
#include <vector>

namespace interlock::start {

// "a:b" as a list, without empty ones.
std::vector<std::string> folders_in(const std::string& text);

// The folders that a program's file tells the loader to look in (DT_RUNPATH, DT_RPATH), with $ORIGIN put in.
// None for a file that is no program of this machine's word size.
std::vector<std::string> run_path(const std::string& program);

}  // namespace interlock::start
