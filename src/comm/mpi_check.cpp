#include "comm/mpi_check.h"

#include <string>

#include <fmt/format.h>

#include "common/error.h"

namespace interlock::comm {

void throw_mpi_error(int code, const char* call, const char* file, int line) {
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw PeerError(fmt::format("MPI: {} ({} at {}:{})", std::string(text, static_cast<std::size_t>(length)),
                              call, file, line));
}

}  // namespace interlock::comm
