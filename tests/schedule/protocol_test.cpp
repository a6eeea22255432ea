#include "schedule/protocol.h"

#include "support/catch.h"

namespace interlock::schedule {
namespace {

TEST_CASE("an order arrives as it was sent") {
  const Order sent{OrderKind::kEvaluate, 1, 7, std::int64_t{1} << 40, 128, 64};
  const auto found = decode<Order>(encode(sent));
  CHECK(found.kind == sent.kind);
  CHECK(found.ends_evaluation == 1);
  CHECK(found.epoch == 7);
  CHECK(found.step == std::int64_t{1} << 40);
  CHECK(found.first_sample == 128);
  CHECK(found.samples == 64);
}

TEST_CASE("a report arrives as it was sent, with its order") {
  Report sent;
  sent.order.step = 5;
  sent.stage = 3;
  sent.has_loss = 1;
  sent.loss = 0.1;
  sent.correct = -1;
  sent.actions = {1, 2, 3, 4, 5, 6};
  sent.checksum = {~std::uint64_t{0}, 1};
  sent.bytes = 99;
  const auto found = decode<Report>(encode(sent));
  CHECK(found.order.step == 5);
  CHECK(found.stage == 3);
  CHECK(found.has_loss == 1);
  CHECK(found.loss == 0.1);
  CHECK(found.correct == -1);
  CHECK(found.actions == sent.actions);
  CHECK(found.checksum == sent.checksum);
  CHECK(found.bytes == 99);
}

TEST_CASE("a message of another size is refused, with its size") {
  std::string bytes = encode(Order{});
  CHECK_THROWS_AS(decode<Report>(bytes), BrokenInvariant);
  bytes.pop_back();
  CHECK_THROWS_WITH(decode<Order>(bytes), Catch::Matchers::Contains(std::to_string(bytes.size()) + " bytes"));
  CHECK_THROWS_AS(decode<Order>(""), BrokenInvariant);
}

TEST_CASE("an order with nothing set is the order to finish") {
  CHECK(Order{}.kind == OrderKind::kFinish);
}

}  // namespace
}  // namespace interlock::schedule
