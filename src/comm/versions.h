#pragma once
// What this program was built with and what it has loaded, of MPI and NCCL. Needs no MPI_Init.

#include <string>

namespace interlock::comm {

struct Versions {
  std::string mpi_headers;   // "4.1.4"; "" for an MPI that is not Open MPI
  std::string mpi_library;   // what the library says of itself
  std::string mpi_path;      // of its file
  std::string nccl_headers;  // "2.28.9"; "" in a build without CUDA
  std::string nccl_library;
};
Versions versions();

}  // namespace interlock::comm
