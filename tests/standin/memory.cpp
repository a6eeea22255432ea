// Two ranges of addresses of one size: the one that programs get, in which nothing can be read or written, and
// the one in which the bytes are, for the streams' threads. So a host that touches a GPU's memory is seen.
#include "memory.h"

#include <array>
#include <cstdlib>
#include <map>
#include <mutex>
#include <sys/mman.h>

#include "standin.h"

namespace standin {
namespace {

constexpr std::size_t kSpan = std::size_t{64} << 30;  // of addresses, for each GPU
constexpr int kMost = 16;
constexpr std::size_t kPage = 4096;

char* reserve(int protection) {
  void* range = mmap(nullptr, kSpan * kMost, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (range == MAP_FAILED) abort();
  return static_cast<char*>(range);
}

struct Memory {
  char* const shown = reserve(PROT_NONE);
  char* const real = reserve(PROT_READ | PROT_WRITE);
  std::mutex mutex;  // guards what follows
  std::array<std::size_t, kMost> used{};
  std::array<std::map<std::size_t, std::size_t>, kMost> blocks;  // by GPU: offset -> bytes
  std::map<const char*, std::size_t> pinned;
};

Memory& memory() {
  static auto* const all = new Memory;  // outlives the threads of streams
  return *all;
}

std::size_t rounded(std::size_t bytes) {
  return (std::max<std::size_t>(bytes, 1) + kPage - 1) / kPage * kPage;
}

std::ptrdiff_t offset_of(const void* pointer) {
  return static_cast<const char*>(pointer) - memory().shown;
}

}  // namespace

int device_of(const void* pointer) {
  const std::ptrdiff_t offset = offset_of(pointer);
  if (offset < 0 || static_cast<std::size_t>(offset) >= kSpan * kMost) return -1;
  return static_cast<int>(static_cast<std::size_t>(offset) / kSpan);
}

bool is_device_memory(const void* pointer) {
  return device_of(pointer) >= 0;
}

void* bytes_at(const void* pointer) {
  return is_device_memory(pointer) ? memory().real + offset_of(pointer) : const_cast<void*>(pointer);
}

void* device_allocate(int gpu, std::size_t bytes) {
  Memory& all = memory();
  const std::size_t wanted = rounded(bytes);
  const auto index = static_cast<std::size_t>(gpu);
  const std::lock_guard lock(all.mutex);
  if (all.used[index] + wanted > settings().memory) return nullptr;
  std::size_t begin = 0;  // the first gap that is large enough
  for (const auto& [at, size] : all.blocks[index]) {
    if (at - begin >= wanted) break;
    begin = at + size;
  }
  if (begin + wanted > kSpan) return nullptr;
  all.blocks[index][begin] = wanted;
  all.used[index] += wanted;
  return all.shown + index * kSpan + begin;
}

bool device_free(void* pointer) {
  const int gpu = device_of(pointer);
  if (gpu < 0) return false;
  Memory& all = memory();
  const auto index = static_cast<std::size_t>(gpu);
  const std::lock_guard lock(all.mutex);
  const auto found = all.blocks[index].find(static_cast<std::size_t>(offset_of(pointer)) - index * kSpan);
  if (found == all.blocks[index].end()) return false;
  madvise(bytes_at(pointer), found->second, MADV_DONTNEED);
  all.used[index] -= found->second;
  all.blocks[index].erase(found);
  return true;
}

std::size_t device_used(int gpu) {
  const std::lock_guard lock(memory().mutex);
  return memory().used[static_cast<std::size_t>(gpu)];
}

void* pinned_allocate(std::size_t bytes) {
  void* const made = aligned_alloc(kPage, rounded(bytes));
  const std::lock_guard lock(memory().mutex);
  memory().pinned[static_cast<char*>(made)] = rounded(bytes);
  return made;
}

bool pinned_free(void* pointer) {
  {
    const std::lock_guard lock(memory().mutex);
    if (memory().pinned.erase(static_cast<char*>(pointer)) == 0) return false;
  }
  free(pointer);
  return true;
}

bool is_pinned(const void* pointer) {
  const auto* const byte = static_cast<const char*>(pointer);
  const std::lock_guard lock(memory().mutex);
  auto after = memory().pinned.upper_bound(byte);
  if (after == memory().pinned.begin()) return false;
  --after;
  return byte < after->first + after->second;
}

}  // namespace standin
