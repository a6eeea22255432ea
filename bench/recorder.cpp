// What one hook of the trace costs, in nanoseconds: "off ... on ...".

#include "trace/recorder.h"

#include <chrono>

#include <fmt/format.h>

namespace {

using interlock::trace::Message;
using interlock::trace::Recorder;
using interlock::trace::RecordKind;

constexpr int kHooks = 20'000'000;
constexpr int kBeforeClearing = 10'000;

// Not inlined, so that the compiler knows no more of the recorder than it does in the worker.
[[gnu::noinline]] void hook(Recorder& recorder, int micro_batch) {
  const interlock::trace::Span span(recorder,
                                    record_of(RecordKind::kWait, Message::kActivation, 1, micro_batch));
  asm volatile("" ::: "memory");
}

double nanoseconds_a_hook(Recorder& recorder, int hooks) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < hooks; ++i) {
    if (recorder.on() && i % kBeforeClearing == 0) recorder.start(kBeforeClearing);
    hook(recorder, i);
  }
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count() / hooks;
}

}  // namespace

int main() {
  Recorder recorder;
  const double off = nanoseconds_a_hook(recorder, kHooks);
  recorder.start(kBeforeClearing);
  fmt::print("off {:.3f} on {:.3f}\n", off, nanoseconds_a_hook(recorder, kHooks / 10));
}
