#pragma once
// Counts every operator new of the program, all threads and libraries. Include it in one source file of a
// program: it replaces the global operators.

#include <atomic>
#include <cstdlib>
#include <new>

namespace interlock::testing {
inline std::atomic<long> g_allocations{0};
inline long allocations() {
  return g_allocations;
}
}  // namespace interlock::testing

void* operator new(std::size_t bytes) {
  ++interlock::testing::g_allocations;
  if (void* const block = std::malloc(bytes == 0 ? 1 : bytes)) return block;
  throw std::bad_alloc();
}
void operator delete(void* block) noexcept {
  std::free(block);
}
void operator delete(void* block, std::size_t) noexcept {
  std::free(block);
}
