#include "training/prefetcher.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include "common/error.h"

namespace interlock::training {
namespace {

constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();

// Several, so that a thread whose samples are slow does not hold up the others.
constexpr std::size_t kPartsPerThread = 4;

// `whole`, made on the first call: as `part`, but of so many rows.
at::Tensor& make_like(at::Tensor& whole, const at::Tensor& part, std::int64_t rows) {
  if (!whole.defined()) {
    std::vector<std::int64_t> shape = part.sizes().vec();
    shape.front() = rows;
    whole = at::empty(shape, part.options());
  }
  return whole;
}

// Rows of `whole` from `first` on become those of `part`.
void copy_rows(const at::Tensor& part, std::int64_t first, at::Tensor& whole) {
  const std::size_t row_bytes = part.nbytes() / static_cast<std::size_t>(part.size(0));
  std::memcpy(static_cast<char*>(whole.mutable_data_ptr()) + static_cast<std::size_t>(first) * row_bytes,
              part.const_data_ptr(), part.nbytes());
}

}  // namespace

// All but `request` is guarded by mutex_. (Rows of `batch` are written without it, each by one thread.)
struct Prefetcher::Pending {
  LoadRequest request;
  std::size_t part_size = 1;
  std::size_t next_sample = 0;  // of those no thread has begun
  std::size_t in_hand = 0;      // parts being loaded
  data::Batch batch;
  std::exception_ptr error;

  [[nodiscard]] bool has_work() const { return !error && next_sample < request.samples.size(); }
  [[nodiscard]] bool is_done() const { return !has_work() && in_hand == 0; }
};

Prefetcher::Prefetcher(int threads) : waited_for_(kNone) {
  INTERLOCK_CHECK(threads >= 1, fmt::format("{} threads", threads));
  try {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
  } catch (...) {  // the system allows no more threads
    stop();
    throw;
  }
}

Prefetcher::~Prefetcher() {
  stop();
}

void Prefetcher::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

std::uint64_t Prefetcher::announce(LoadRequest request) {
  INTERLOCK_CHECK(request.set != nullptr && !request.samples.empty(), "nothing to load");
  auto pending = std::make_shared<Pending>();
  pending->part_size = std::max<std::size_t>(1, request.samples.size() / (kPartsPerThread * threads_.size()));
  pending->request = std::move(request);
  const std::lock_guard lock(mutex_);
  const std::uint64_t number = next_number_++;
  pending_.emplace(number, std::move(pending));
  work_.notify_all();
  return number;
}

data::Batch Prefetcher::take(std::uint64_t number) {
  std::unique_lock lock(mutex_);
  const auto found = pending_.find(number);
  INTERLOCK_CHECK(found != pending_.end(), fmt::format("request {} is taken or was never made", number));
  const std::shared_ptr<Pending> pending = found->second;
  waited_for_ = number;
  work_.notify_all();
  done_.wait(lock, [&] { return pending->is_done(); });
  waited_for_ = kNone;
  pending_.erase(number);
  work_.notify_all();  // the window has moved
  if (pending->error) std::rethrow_exception(pending->error);
  return std::move(pending->batch);
}

void Prefetcher::drop(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  pending_.erase(number);
  work_.notify_all();
}

std::shared_ptr<Prefetcher::Pending> Prefetcher::next_work() {
  const auto waited_for = pending_.find(waited_for_);
  if (waited_for != pending_.end() && waited_for->second->has_work()) return waited_for->second;
  std::size_t ahead = 0;
  for (const auto& [number, pending] : pending_) {
    if (pending->has_work()) return pending;
    if (++ahead == kRequestsAhead) break;
  }
  return nullptr;
}

void Prefetcher::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    std::shared_ptr<Pending> pending;
    work_.wait(lock, [&] { return stopping_ || (pending = next_work()) != nullptr; });
    if (stopping_) return;
    const std::size_t begin = pending->next_sample;
    const std::size_t end = std::min(begin + pending->part_size, pending->request.samples.size());
    pending->next_sample = end;
    ++pending->in_hand;
    lock.unlock();
    std::exception_ptr error;
    try {
      load_part(*pending, begin, end);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    --pending->in_hand;
    if (error && !pending->error) pending->error = error;
    if (pending->is_done()) done_.notify_all();
  }
}

void Prefetcher::load_part(Pending& pending, std::size_t begin, std::size_t end) {
  const LoadRequest& request = pending.request;
  const auto first = request.samples.begin();
  const data::Batch part = request.set->load(
      {first + static_cast<std::ptrdiff_t>(begin), first + static_cast<std::ptrdiff_t>(end)}, request.epoch);
  const auto rows = static_cast<std::int64_t>(request.samples.size());
  if (part.inputs.size(0) == rows) {  // the only part: no copy
    const std::lock_guard lock(mutex_);
    pending.batch = part;
    return;
  }
  data::Batch whole;
  {
    const std::lock_guard lock(mutex_);
    whole.inputs = make_like(pending.batch.inputs, part.inputs, rows);
    whole.targets = make_like(pending.batch.targets, part.targets, rows);
  }
  copy_rows(part.inputs, static_cast<std::int64_t>(begin), whole.inputs);
  copy_rows(part.targets, static_cast<std::int64_t>(begin), whole.targets);
}

}  // namespace interlock::training
