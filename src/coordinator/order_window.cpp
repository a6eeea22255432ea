#include "coordinator/order_window.h"

#include <algorithm>
#include <tuple>

namespace interlock::coordinator {
namespace {

using schedule::Order;
using schedule::OrderKind;

// The one that stage 0 carries out, the next, whose data it prepares, and one more, so that it never waits
// for the coordinator.
constexpr std::size_t kMostAheadOfFirstStage = 3;

bool same(const Order& a, const Order& b) {
  return std::tie(a.kind, a.step, a.first_sample) == std::tie(b.kind, b.step, b.first_sample);
}

}  // namespace

OrderWindow::OrderWindow(const Placement& placement)
    : most_incomplete_(static_cast<std::size_t>(2 * placement.stages() + 8)),
      passed_(static_cast<std::size_t>(placement.replicas(0)), 0) {}

std::size_t OrderWindow::ahead_of_first_stage() const {
  const std::int64_t passed = *std::min_element(passed_.begin(), passed_.end());
  std::size_t ahead = 0;
  for (std::size_t i = 0; i < recent_.size(); ++i) {
    const bool open = first_recent_ + static_cast<std::int64_t>(i) >= passed;
    if (open && recent_[i].kind != OrderKind::kCheckpoint) ++ahead;
  }
  return ahead;
}

bool OrderWindow::may_issue() const {
  return incomplete_batches_ < static_cast<std::int64_t>(most_incomplete_) &&
         ahead_of_first_stage() < kMostAheadOfFirstStage;
}

void OrderWindow::issued(const Order& order) {
  recent_.push_back(order);
  ++incomplete_;
  if (order.kind != OrderKind::kCheckpoint) ++incomplete_batches_;
}

void OrderWindow::reported(const schedule::Report& report) {
  if (report.stage != 0) return;
  const auto is_it = [&](const Order& order) { return same(order, report.order); };
  const auto found = std::find_if(recent_.begin(), recent_.end(), is_it);
  if (found == recent_.end()) return;  // a checkpoint that later orders have overtaken
  std::int64_t& passed = passed_.at(static_cast<std::size_t>(report.replica));
  passed = std::max(passed, first_recent_ + (found - recent_.begin()) + 1);
  const std::int64_t all_passed = *std::min_element(passed_.begin(), passed_.end());
  while (first_recent_ < all_passed) {
    recent_.pop_front();
    ++first_recent_;
  }
}

void OrderWindow::completed(const Order& order) {
  --incomplete_;
  if (order.kind != OrderKind::kCheckpoint) --incomplete_batches_;
}

}  // namespace interlock::coordinator
