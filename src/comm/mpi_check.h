#pragma once
// INTERLOCK_MPI(call): throws PeerError with MPI's own text, the call and the rank. Private to comm/*.cpp.
// The communicators' handler is MPI_ERRORS_RETURN; the default handler would end the job before any check
// runs.

#include <mpi.h>

namespace interlock::comm {
[[noreturn]] void throw_mpi_error(int code, const char* call, const char* file, int line);
}

#define INTERLOCK_MPI(call)                                                              \
  do {                                                                                   \
    const int interlock_mpi_code = (call);                                               \
    if (interlock_mpi_code != MPI_SUCCESS)                                               \
      ::interlock::comm::throw_mpi_error(interlock_mpi_code, #call, __FILE__, __LINE__); \
  } while (false)
