// Fuzzes schedule files: text to programs, and their validation against a config of as many stages. What is
// read must read back from its own text.

#include <algorithm>

#include "reader.h"
#include "schedule/schedule_file.h"

namespace {

using namespace interlock;

void read(const std::string& text) {
  const schedule::Schedule parsed = schedule::parse_schedule(text, "fuzz.schedule");
  const std::string written = schedule::to_text(parsed);
  fuzz::require(schedule::to_text(schedule::parse_schedule(written, "again")) == written,
                "a schedule reads back as another one");
  const int stages = std::clamp(static_cast<int>(parsed.size()), 1, 8);
  config::LearningConfig learning;
  learning.horizon = 1 + static_cast<int>(text.size() % static_cast<std::size_t>(stages));
  learning.mix = text.size() % 3 == 0 ? config::MixKind::kSum : config::MixKind::kFarthest;
  const schedule::GradientRule rule(stages, learning);
  schedule::parse_valid_schedule(text, "fuzz.schedule", rule, 1 + static_cast<int>(text.size() % 4), {});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_promised_errors([&] { read(fuzz::text_of(data, size)); });
}
