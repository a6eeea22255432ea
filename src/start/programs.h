#pragma once
// Two programs: `interlock`, small and started by people and by mpirun, carries out what needs no LibTorch
// and becomes `interlock-torch` for everything else. LibTorch takes a second or two to load.

#include <string>

namespace interlock::start {

std::string this_program();  // the path of the running one

// The full program: beside `front`, or in ../libexec/interlock seen from there. Errors: UsageError where it
// is missing.
std::string full_program(const std::string& front);

// The program to name in what others will start: the small one that belongs to `program` where `program` is
// the full one; else `program` itself, perhaps a program with layers of its own.
std::string program_for_users(const std::string& program);

// The running program as its user would call it here: by its name where that is on the PATH, else by its path,
// from the working directory where it is below that.
std::string as_called_here();

// Turns this process into the full program: same process, same arguments, and LD_LIBRARY_PATH set where
// LibTorch would not be found (libtorch.h). Only returns by throwing.
[[noreturn]] void become_full_program(char** argv);

}  // namespace interlock::start
