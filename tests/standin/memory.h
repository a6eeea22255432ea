#pragma once
// The memory of the stand-in GPUs. Private to the stand-in's CUDA runtime.

#include <cstddef>

namespace standin {

// Null where the GPU has no more.
void* device_allocate(int gpu, std::size_t bytes);
// False where nothing begins there.
bool device_free(void* pointer);
std::size_t device_used(int gpu);
int device_of(const void* pointer);  // -1: not a GPU's

void* pinned_allocate(std::size_t bytes);
bool pinned_free(void* pointer);

}  // namespace standin
