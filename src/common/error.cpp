#include "common/error.h"

#include <fmt/format.h>

namespace interlock {

void throw_broken_invariant(const char* condition, const char* file, int line, const std::string& detail) {
  throw BrokenInvariant(fmt::format("internal error at {}:{}: expected {} ({}). This is a bug in interlock.",
                                    file, line, condition, detail));
}

}  // namespace interlock
