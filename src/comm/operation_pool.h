#pragma once
// Memory for operations that is used again, so that a message costs no allocation once the first few have
// passed. Private to comm.
//
// Threads: any; the mutex is held for a few instructions.

#include <cstddef>
#include <memory>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

namespace interlock::comm {

// Blocks of one size, the first that is asked for, got many at a time: how many operations are open at once
// varies a little from step to step. Freed when the last operation and the engine have gone.
class OperationPool {
 public:
  OperationPool() = default;
  OperationPool(const OperationPool&) = delete;
  OperationPool& operator=(const OperationPool&) = delete;

  void* allocate(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (free_ == nullptr) grow(bytes);
    Free* const block = free_;
    free_ = block->next;
    return block;
  }
  void release(void* block) {
    const std::lock_guard lock(mutex_);
    free_ = new (block) Free{free_};
  }

 private:
  static constexpr std::size_t kBlocksAtOnce = 64;
  struct Free {  // lives in the unused block itself
    Free* next;
  };
  void grow(std::size_t bytes) {
    auto* const first =
        static_cast<std::byte*>(chunks_.emplace_back(new std::byte[kBlocksAtOnce * bytes]).get());
    for (std::size_t i = 0; i < kBlocksAtOnce; ++i) free_ = new (first + i * bytes) Free{free_};
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<std::byte[]>> chunks_;
  Free* free_ = nullptr;
};

// For std::allocate_shared, which asks for one object of one (internal) type.
template <class T>
class OperationAllocator {
 public:
  using value_type = T;
  explicit OperationAllocator(std::shared_ptr<OperationPool> pool) : pool_(std::move(pool)) {}
  template <class U>
  OperationAllocator(const OperationAllocator<U>& other) : pool_(other.pool()) {}  // NOLINT: a rebind

  T* allocate(std::size_t count) { return static_cast<T*>(pool_->allocate(count * sizeof(T))); }
  void deallocate(T* block, std::size_t) { pool_->release(block); }
  [[nodiscard]] const std::shared_ptr<OperationPool>& pool() const { return pool_; }

  template <class U>
  bool operator==(const OperationAllocator<U>& other) const {
    return pool_ == other.pool();
  }
  template <class U>
  bool operator!=(const OperationAllocator<U>& other) const {
    return pool_ != other.pool();
  }

 private:
  std::shared_ptr<OperationPool> pool_;  // an operation that outlives the engine keeps it
};

}  // namespace interlock::comm
