#include "schedule/text.h"

#include <cstdio>
#include <sstream>

#include <fmt/format.h>

#include "common/error.h"

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

Action parse_action(const std::string& entry) {
  if (entry == "U") return {ActionKind::kUpdate, 0, 0};
  for (const Letter& form : kLetters) {
    if (entry[0] != form.letter) continue;
    int m = 0;
    int loss = 0;
    int used = 0;
    const char* pattern = form.names_loss ? "%d@%d%n" : "%d%n";
    const int fields = form.names_loss ? std::sscanf(entry.c_str() + 1, pattern, &m, &loss, &used)
                                       : std::sscanf(entry.c_str() + 1, pattern, &m, &used);
    const bool whole =
        fields == (form.names_loss ? 2 : 1) && static_cast<std::size_t>(used) + 1 == entry.size();
    if (whole && m >= 0 && loss >= 0) return {form.kind, m, loss};
  }
  throw UsageError(
      fmt::format("schedule: '{}' is no action (expected F<m>, L<m>, I<m>@<l>, W<m>, B<m>@<l> or U)", entry));
}

}  // namespace

std::string to_text(const Action& action) {
  for (const Letter& form : kLetters) {
    if (form.kind != action.kind) continue;
    return form.names_loss ? fmt::format("{}{}@{}", form.letter, action.micro_batch, action.loss)
                           : fmt::format("{}{}", form.letter, action.micro_batch);
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

}  // namespace interlock::schedule
