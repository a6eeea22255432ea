#include "worker/operator_observer.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/clock_offset.h"

namespace interlock::worker {

// Names are written down once: an operator's lives as long as the program, but an autograd node's does not.
struct OperatorObserver::Seen {
  std::unordered_map<std::string, std::int32_t> ids;
  std::vector<std::string> names;
  std::vector<trace::Operator> events;  // in the order of their ends

  std::int32_t id_of(const char* name) {
    scratch = name;
    const auto [place, is_new] = ids.try_emplace(scratch, static_cast<std::int32_t>(names.size()));
    if (is_new) names.push_back(scratch);
    return place->second;
  }

 private:
  std::string scratch;  // keeps its memory from one look to the next
};

namespace {

// Callbacks are plain functions: the observer of this thread, where one is on.
thread_local OperatorObserver::Seen* observer = nullptr;

struct Begun final : at::ObserverContext {
  std::int64_t at = 0;
};

std::unique_ptr<at::ObserverContext> on_begin(const at::RecordFunction& /*function*/) {
  auto begun = std::make_unique<Begun>();
  begun->at = monotonic_nanoseconds();
  return begun;
}

void on_end(const at::RecordFunction& function, at::ObserverContext* context) {
  const auto* begun = static_cast<const Begun*>(context);
  if (observer == nullptr || begun == nullptr) return;
  const std::int64_t end = monotonic_nanoseconds();
  observer->events.push_back({observer->id_of(function.name()), 0, begun->at, end});
}

trace::Operators in_order(OperatorObserver::Seen seen) {
  trace::Operators operators;
  operators.names = std::move(seen.names);
  operators.tracks = {{"operators", false}};
  operators.events = std::move(seen.events);
  std::sort(operators.events.begin(), operators.events.end(),
            [](const trace::Operator& a, const trace::Operator& b) {
              return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;  // what holds others comes first
            });
  return operators;
}

}  // namespace

OperatorObserver::OperatorObserver() = default;

OperatorObserver::~OperatorObserver() {
  stop();
}

void OperatorObserver::start() {
  stop();
  seen_ = std::make_unique<Seen>();
  observer = seen_.get();
  callback_ = at::addThreadLocalCallback(at::RecordFunctionCallback(on_begin, on_end));
}

void OperatorObserver::stop() {
  if (callback_ == at::INVALID_CALLBACK_HANDLE) return;
  at::removeCallback(std::exchange(callback_, at::INVALID_CALLBACK_HANDLE));
  observer = nullptr;
}

std::function<trace::Operators()> OperatorObserver::collect() {
  stop();
  // std::function copies what it holds.
  return [seen = std::make_shared<Seen>(std::move(*seen_))] { return in_order(std::move(*seen)); };
}

}  // namespace interlock::worker
