#include "worker/buffer_pool.h"

#include <torch/types.h>

#include "support/catch.h"

namespace interlock::worker {
namespace {

TEST_CASE("a buffer that nobody holds is used again") {
  BufferPool pool;
  const void* const memory = pool.take({4, 3}, torch::kFloat).data_ptr();
  CHECK(pool.take({4, 3}, torch::kFloat).data_ptr() == memory);
  CHECK(pool.buffers() == 1);
}

TEST_CASE("a buffer is not used again while a tensor, a view or a graph holds its memory") {
  BufferPool pool;
  at::Tensor held = pool.take({4, 3}, torch::kFloat);
  held.fill_(2);
  CHECK(pool.take({4, 3}, torch::kFloat).data_ptr() != held.data_ptr());
  const void* const memory = held.data_ptr();
  at::Tensor view = held.view({12});
  held.reset();
  CHECK(pool.take({4, 3}, torch::kFloat).data_ptr() != memory);
  at::Tensor graph = view.requires_grad_().pow(2);  // keeps its input for backward
  view.reset();
  CHECK(pool.take({4, 3}, torch::kFloat).data_ptr() != memory);
  graph.reset();
  CHECK(pool.buffers() == 2);
  const at::Tensor one = pool.take({4, 3}, torch::kFloat);
  const at::Tensor two = pool.take({4, 3}, torch::kFloat);
  CHECK((one.data_ptr() == memory || two.data_ptr() == memory));
  CHECK(pool.buffers() == 2);
}

TEST_CASE("buffers of other shapes and types are apart, and none requires grad") {
  BufferPool pool;
  { at::Tensor used = pool.take({6}, torch::kFloat).requires_grad_(); }
  CHECK_FALSE(pool.take({6}, torch::kFloat).requires_grad());
  CHECK(pool.take({6}, torch::kLong).scalar_type() == torch::kLong);
  CHECK(pool.take({2, 3}, torch::kFloat).sizes() == at::IntArrayRef({2, 3}));
  CHECK(pool.buffers() == 3);
}

}  // namespace
}  // namespace interlock::worker
