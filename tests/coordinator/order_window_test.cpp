#include "coordinator/order_window.h"

#include "support/catch.h"

namespace interlock::coordinator {
namespace {

using schedule::Order;
using schedule::OrderKind;
using schedule::Report;

Order train(std::int64_t step) {
  return {OrderKind::kTrain, 0, 0, step, 0, 4};
}

Report report_of(const Order& order, int replica = 0, int stage = 0) {
  Report report;
  report.order = order;
  report.stage = stage;
  report.replica = replica;
  return report;
}

// Issues training steps from `first` on while it may; the last one that was issued.
std::int64_t issue_all(OrderWindow& window, std::int64_t first) {
  while (window.may_issue()) window.issued(train(first++));
  return first - 1;
}

TEST_CASE("stage 0 is given three orders at a time, and one more for each that it has carried out") {
  OrderWindow window(Placement(4, {1}));
  CHECK(issue_all(window, 1) == 3);
  window.reported(report_of(train(1)));
  CHECK(issue_all(window, 4) == 4);
  window.reported(report_of(train(2)));
  window.reported(report_of(train(3)));
  CHECK(issue_all(window, 5) == 6);
}

TEST_CASE("what other stages report lets stage 0 go no further") {
  OrderWindow window(Placement(2, {1}));
  CHECK(issue_all(window, 1) == 3);
  window.reported(report_of(train(1), 0, 1));
  CHECK_FALSE(window.may_issue());
}

TEST_CASE("stage 0 runs ahead of the slowest stage by no more than the window") {
  OrderWindow window(Placement(3, {1}));
  std::int64_t issued = issue_all(window, 1);
  for (std::int64_t step = 1; step <= issued; ++step) {
    window.reported(report_of(train(step)));
    issued = issue_all(window, issued + 1);
  }
  CHECK(issued == 2 * 3 + 8);
  window.completed(train(1));
  CHECK(issue_all(window, issued + 1) == issued + 1);
}

TEST_CASE("the slowest replica of stage 0 counts") {
  OrderWindow window(Placement(2, {2, 1}));
  CHECK(issue_all(window, 1) == 3);
  window.reported(report_of(train(1), 0));
  CHECK_FALSE(window.may_issue());
  window.reported(report_of(train(1), 1));
  CHECK(window.may_issue());
}

TEST_CASE("a checkpoint that is still being written holds nobody up") {
  OrderWindow window(Placement(2, {1}));
  window.issued(train(1));
  const Order checkpoint{OrderKind::kCheckpoint, 0, 0, 1, 0, 0};
  window.issued(checkpoint);
  CHECK(issue_all(window, 2) == 3);
  for (std::int64_t step = 1; step <= 3; ++step) {
    window.reported(report_of(train(step)));
    window.completed(train(step));
  }
  CHECK(window.may_issue());
  CHECK_FALSE(window.all_complete());
  window.reported(report_of(checkpoint));  // overtaken
  window.completed(checkpoint);
  CHECK(window.all_complete());
}

}  // namespace
}  // namespace interlock::coordinator
