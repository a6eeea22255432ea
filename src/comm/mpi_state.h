#pragma once
// What only the communication thread touches. Private to comm.

#include <memory>
#include <vector>

#include "comm/doorbell.h"
#include "comm/mpi_check.h"
#include "comm/pending_operation.h"
#include "comm/progress_engine.h"

namespace interlock::comm {

struct ProgressEngine::MpiState {
  MPI_Comm data = MPI_COMM_NULL;
  MPI_Comm control = MPI_COMM_NULL;
  std::unique_ptr<Doorbell> doorbell;
  bool single_copy = false;  // a large message to a rank of this host needs no help of the sender's
  std::vector<MPI_Request> requests;
  std::vector<std::shared_ptr<PendingOperation>> operations;  // parallel to requests
};

}  // namespace interlock::comm
