#include "schedule/text.h"

#include <charconv>
#include <sstream>
#include <system_error>

#include <fmt/format.h>

#include "common/error.h"
#include "common/placement.h"

namespace interlock::schedule {
namespace {

struct Letter {
  char letter;
  ActionKind kind;
  bool names_loss;
};
constexpr Letter kLetters[] = {
    {'F', ActionKind::kForward, false},      {'L', ActionKind::kLocalLoss, false},
    {'I', ActionKind::kInputGradient, true}, {'W', ActionKind::kWeightGradient, false},
    {'B', ActionKind::kBackward, true},
};

constexpr int kMostNumber = 1'000'000;  // of micro-batches and stages; so that sums of them fit, too

// Reads a whole number at `at` and moves on to its end.
bool read_number(const char*& at, const char* end, int& value) {
  const auto [next, error] = std::from_chars(at, end, value);
  if (error != std::errc{} || value < 0 || value > kMostNumber) return false;
  at = next;
  return true;
}

Action parse_action(const std::string& entry) {
  if (entry == "U") return {ActionKind::kUpdate, 0, 0};
  for (const Letter& form : kLetters) {
    if (entry[0] != form.letter) continue;
    int m = 0;
    int loss = 0;
    const char* at = entry.data() + 1;
    const char* const end = entry.data() + entry.size();
    if (!read_number(at, end, m)) continue;
    if (form.names_loss && (at == end || *at++ != '@' || !read_number(at, end, loss))) continue;
    int last = loss;
    if (form.kind == ActionKind::kInputGradient && at != end && *at == '-' &&
        (!read_number(++at, end, last) || last < loss))
      continue;
    if (at == end) return {form.kind, m, loss, last - loss + 1};
  }
  throw UsageError(
      fmt::format("schedule: '{}' is no action (expected F<m>, L<m>, I<m>@<l>, I<m>@<first l>-<last l>, "
                  "W<m>, B<m>@<l> or U)",
                  entry));
}

}  // namespace

std::string to_text(const Action& action) {
  for (const Letter& form : kLetters) {
    if (form.kind != action.kind) continue;
    std::string text = fmt::format("{}{}", form.letter, action.micro_batch);
    if (form.names_loss) text += fmt::format("@{}", action.loss);
    if (action.stacked > 1) text += fmt::format("-{}", action.loss + action.stacked - 1);
    return text;
  }
  return "U";
}

std::string to_text(const StageProgram& program) {
  std::string text;
  for (const Action& action : program) {
    if (!text.empty()) text += ' ';
    text += to_text(action);
  }
  return text;
}

StageProgram parse_program(const std::string& text) {
  StageProgram program;
  std::istringstream stream(text);
  for (std::string entry; stream >> entry;) program.push_back(parse_action(entry));
  return program;
}

int rank_without_replicas(int stage) {
  return index(Placement(stage + 1, {1}).rank_of({stage, 0}));
}

}  // namespace interlock::schedule
