#pragma once
// LibTorch's CUDA kernels, a library of their own. Private to device. Include it only where INTERLOCK_CUDA is 1.

namespace interlock::device {

// Loads it, once. Without it LibTorch knows no operator on GPUs. Not linked: it takes longer to load than
// everything else together, and most processes compute on CPUs. Before any other use of a GPU by LibTorch,
// which decides at its first whether it has CUDA. Errors: UsageError where it is not there or does not fit.
void load_cuda_kernels();

}  // namespace interlock::device
