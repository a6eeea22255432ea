#include <algorithm>

#include <torch/torch.h>

#include "common/clock_offset.h"
#include "support/catch.h"
#include "worker/kineto_profile.h"
#include "worker/operator_observer.h"

namespace interlock::worker {
namespace {

int count(const trace::Operators& operators, const std::string& name) {
  return static_cast<int>(std::count_if(
      operators.events.begin(), operators.events.end(),
      [&](const auto& event) { return operators.names.at(static_cast<std::size_t>(event.name)) == name; }));
}

void check_forward_and_backward(OperatorProfile& profile) {
  const at::Tensor before = torch::ones({4, 4});
  const at::Tensor a = torch::ones({4, 4}, torch::requires_grad());
  static_cast<void>(before.matmul(a));  // not seen
  profile.prepare();
  profile.start();
  const std::int64_t begin = monotonic_nanoseconds();
  a.matmul(a).sum().backward();
  const std::int64_t end = monotonic_nanoseconds();
  const auto collect = profile.collect();
  static_cast<void>(before.matmul(a));  // nor is this
  const trace::Operators operators = collect();
  CHECK(count(operators, "aten::matmul") == 1);
  CHECK(count(operators, "aten::mm") == 3);    // a product, and its gradients for both factors
  constexpr std::int64_t kClocks = 1'000'000;  // Kineto's clock is the wall clock, brought over
  for (const trace::Operator& event : operators.events) {
    CHECK(event.begin <= event.end);
    CHECK(event.begin >= begin - kClocks);
    CHECK(event.end <= end + kClocks);
  }
}

TEST_CASE(
    "the observer sees the operators between start and collect, those of backward too, again and again") {
  OperatorObserver observer;
  check_forward_and_backward(observer);
  check_forward_and_backward(observer);
}

TEST_CASE("Kineto sees the same operators") {
  KinetoProfile profile(false);
  check_forward_and_backward(profile);
}

TEST_CASE("an observer that was never asked leaves nothing behind") {
  {
    OperatorObserver observer;
    observer.start();
  }
  CHECK_FALSE(at::hasThreadLocalCallbacks());
}

}  // namespace
}  // namespace interlock::worker
