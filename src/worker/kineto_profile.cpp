#include "worker/kineto_profile.h"

#include <chrono>
#include <cstdlib>
#include <kineto/ActivityType.h>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <torch/csrc/autograd/profiler_kineto.h>

#include "common/clock_offset.h"

namespace interlock::worker {
namespace {

namespace kineto = torch::autograd::profiler;
using torch::profiler::impl::ActivityType;

torch::profiler::impl::ProfilerConfig profiler_config() {
  return torch::profiler::impl::ProfilerConfig(torch::profiler::impl::ProfilerState::KINETO);
}

std::set<ActivityType> activities(bool on_gpu) {
  if (on_gpu) return {ActivityType::CPU, ActivityType::CUDA};
  return {ActivityType::CPU};
}

std::int64_t wall_nanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// The wall clock minus the monotonic one, of the quickest of a few looks at both.
std::int64_t measure_clocks_apart() {
  constexpr int kLooks = 5;
  std::vector<RoundTrip> looks;
  for (int i = 0; i < kLooks; ++i) {
    RoundTrip look;
    look.sent = monotonic_nanoseconds();
    look.there = wall_nanoseconds();
    look.received = monotonic_nanoseconds();
    looks.push_back(look);
  }
  return clock_offset(looks).nanoseconds;
}

// Our own marks around actions, which the trace has anyway.
bool is_mark(const kineto::KinetoEvent& event) {
  const auto type = static_cast<libkineto::ActivityType>(event.activityType());
  return type == libkineto::ActivityType::USER_ANNOTATION ||
         type == libkineto::ActivityType::GPU_USER_ANNOTATION;
}

class Collector {
 public:
  explicit Collector(std::int64_t clocks_apart) : clocks_apart_(clocks_apart) {}

  void add(const kineto::KinetoEvent& event) {
    if (is_mark(event) || event.durationNs() == 0) return;
    trace::Operator one;
    one.name = name(event.name());
    one.track = track(event);
    one.begin = static_cast<std::int64_t>(event.startNs()) - clocks_apart_;
    one.end = one.begin + static_cast<std::int64_t>(event.durationNs());
    operators_.events.push_back(one);
  }
  trace::Operators take() { return std::move(operators_); }

 private:
  std::int32_t name(const std::string& text) {
    const auto [place, is_new] = names_.try_emplace(text, static_cast<std::int32_t>(operators_.names.size()));
    if (is_new) operators_.names.push_back(text);
    return place->second;
  }

  std::int32_t track(const kineto::KinetoEvent& event) {
    const bool on_device = event.deviceType() != c10::DeviceType::CPU;
    const std::int64_t id =
        on_device ? event.deviceResourceId() : static_cast<std::int64_t>(event.startThreadId());
    const auto [place, is_new] =
        tracks_.try_emplace({on_device, id}, static_cast<std::int32_t>(operators_.tracks.size()));
    if (is_new) {
      const bool first = operators_.tracks.empty();  // the thread that computes
      operators_.tracks.push_back({on_device ? fmt::format("kernels, stream {}", id)
                                   : first   ? "operators"
                                             : fmt::format("operators, thread {}", id),
                                   on_device});
    }
    return place->second;
  }

  const std::int64_t clocks_apart_;
  std::map<std::string, std::int32_t> names_;
  std::map<std::pair<bool, std::int64_t>, std::int32_t> tracks_;
  trace::Operators operators_;
};

}  // namespace

KinetoProfile::~KinetoProfile() {
  if (!started_) return;
  try {
    kineto::disableProfiler();
  } catch (...) {  // nobody wants the result
  }
}

KinetoProfile::KinetoProfile(bool on_gpu) : on_gpu_(on_gpu) {
  // On a host without GPUs a Kineto built for them complains in red that it finds none.
  constexpr int kKeep = 0;  // what the user has set
  if (!on_gpu_) setenv("KINETO_LOG_LEVEL", "99", kKeep);
}

void KinetoProfile::prepare() {
  kineto::prepareProfiler(profiler_config(), activities(on_gpu_));
  prepared_ = true;
}

void KinetoProfile::start() {
  if (!prepared_) prepare();
  kineto::enableProfiler(profiler_config(), activities(on_gpu_));
  started_ = true;
  clocks_apart_ = measure_clocks_apart();
}

std::function<trace::Operators()> KinetoProfile::collect() {
  // The wall clock may be corrected meanwhile: the middle is off by half of that at most.
  const std::int64_t clocks_apart = clocks_apart_ + (measure_clocks_apart() - clocks_apart_) / 2;
  prepared_ = started_ = false;
  const std::shared_ptr<kineto::ProfilerResult> result = kineto::disableProfiler();
  return [result, clocks_apart] {
    Collector collector(clocks_apart);
    for (const kineto::KinetoEvent& event : result->events()) collector.add(event);
    return collector.take();
  };
}

}  // namespace interlock::worker
