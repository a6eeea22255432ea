#pragma once
// The rank that the launcher (mpirun, srun) gave this process, known before MPI has started: what every rank
// would say alike about a command line, only the first one says.

namespace interlock {

// 0 also where nobody launched ranks. Threads: any. Errors: none.
int launch_rank();

}  // namespace interlock
