#pragma once

namespace interlock {

// Can another process of this user read this one's memory (process_vm_readv), as a sibling rank would for
// large messages? A child tries; containers often forbid it. From now on Yama lets other processes trace this
// one, as Open MPI's ranks ask it to. Call before threads start.
bool memory_is_readable_by_others();

}  // namespace interlock
