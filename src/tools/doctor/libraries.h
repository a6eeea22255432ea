#pragma once
// What the full program is linked with and what it finds when it runs; told by the program itself
// (app/doctor_ping_command.cpp), as JSON.

#include <string>
#include <vector>

#include "tools/doctor/finding.h"

namespace interlock::tools {

struct Libraries {
  std::string mpi_headers;                 // "4.1.4"
  std::string mpi_library;                 // "Open MPI v4.1.4, package: ..."
  std::string mpi_path;                    // of libmpi.so
  std::string torch;                       // "2.11.0"
  std::string torch_path;                  // of libtorch_cpu.so
  std::string instructions;                // what its kernels use: "AVX512"
  bool cuda = false;                       // built with CUDA
  int cuda_runtime = 0;                    // 13000 for 13.0
  int cuda_devices = 0;                    // that it can use
  std::string cuda_error;                  // why it can use none, or not all of them
  std::string nccl_headers, nccl_library;  // "2.28.9"
  std::string build;                       // the program's build id
  [[nodiscard]] bool known() const { return !torch.empty(); }
};

std::string cuda_version(int number);  // "13.0" of 13000

std::string to_json(const Libraries& libraries);
// Nothing known where `text` is no answer.
Libraries libraries_from(const std::string& text);

// `mpirun`: its path, "" where there is none; `answer`: what it says to --version.
void judge_mpi(const Libraries& libraries, const std::string& mpirun, const std::string& answer,
               std::vector<Finding>& findings);
// `output`: of the full program where it could not tell.
void judge_program(const Libraries& libraries, const std::string& program, const std::string& output,
                   std::vector<Finding>& findings);

}  // namespace interlock::tools
