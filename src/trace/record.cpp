#include "trace/record.h"

#include <fmt/format.h>

#include "schedule/text.h"

namespace interlock::trace {

const char* to_text(Message message) {
  switch (message) {
    case Message::kActivation:
      return "activation";
    case Message::kGradient:
      return "gradient";
    case Message::kTiedGradient:
      return "gradient of the tied matrix";
    case Message::kCount:
      return "count of targets";
    case Message::kNorm:
      return "norm";
    case Message::kOverflow:
      return "overflows";
    case Message::kNonfinite:
      return "word of NaN or infinity";
    case Message::kOrder:
      return "order";
    case Message::kReport:
      return "report";
    case Message::kRoom:
      return "room: too many activations are under way";
  }
  return "message";
}

std::string name_of(const schedule::Action& action) {
  std::string text = schedule::to_text(action);
  if (text.size() > 1) text.insert(1, " ");
  return text;
}

std::string name_of_message(const Record& record) {
  const char* const text = to_text(record.message());
  switch (record.message()) {
    case Message::kActivation:
      return fmt::format("{} {}", text, record.micro_batch);
    case Message::kGradient:
      return fmt::format("{} {}@{}", text, record.micro_batch, record.loss);
    default:
      return text;
  }
}

}  // namespace interlock::trace
