#pragma once

namespace interlock::comm {

// Open MPI moves large messages between ranks of a host with one copy (process_vm_readv) where the kernel
// lets it, and prints errors or fails where a container forbids that call. This tries the call once and, if
// it is refused, tells Open MPI to copy through shared memory instead. A setting of the user's
// (OMPI_MCA_btl_vader_single_copy_mechanism; OMPI_MCA_smsc of Open MPI 5) wins. Call before MPI_Init, from the
// thread that will call it. Returns whether large messages certainly move with one copy, without the sender's
// help.
bool choose_single_copy_mechanism();

}  // namespace interlock::comm
