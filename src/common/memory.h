#pragma once

namespace interlock {

// Tells the C library to keep freed memory for the next allocation instead of handing it back to the kernel. A training
// step frees and allocates the same tensors as the one before; handing their pages back and faulting them in again cost
// about a tenth of a step. Call once, before any thread starts.
void keep_freed_memory();

}  // namespace interlock
