#include "comm/versions.h"

#include <array>
#include <dlfcn.h>

#include <fmt/format.h>
#include <mpi.h>

#include "comm/nccl_links.h"
#include "comm/transport_choice.h"
#if INTERLOCK_CUDA
#include <nccl.h>
#endif

namespace interlock::comm {
Versions versions() {
  Versions found;
#if defined(OMPI_MAJOR_VERSION)
  found.mpi_headers = fmt::format("{}.{}.{}", OMPI_MAJOR_VERSION, OMPI_MINOR_VERSION, OMPI_RELEASE_VERSION);
#endif
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  if (MPI_Get_library_version(text.data(), &length) == MPI_SUCCESS) found.mpi_library = text.data();
  Dl_info place{};
  if (::dladdr(reinterpret_cast<void*>(&MPI_Get_library_version), &place) != 0 && place.dli_fname != nullptr)
    found.mpi_path = place.dli_fname;
#if INTERLOCK_CUDA
  found.nccl_headers = nccl_version_text(NCCL_VERSION_CODE);
  found.nccl_library = nccl_version_text(nccl_version());
#endif
  return found;
}

}  // namespace interlock::comm
