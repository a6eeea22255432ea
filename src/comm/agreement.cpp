#include "comm/agreement.h"

#include <fmt/format.h>

namespace interlock::comm {
namespace {

// "<exit code> <rank> <message>"
std::string encode(const Verdict& verdict) {
  return fmt::format("{} {} {}", verdict.exit_code, index(verdict.rank), verdict.message);
}

Verdict decode(const std::string& text) {
  std::size_t first = 0;
  std::size_t second = 0;
  Verdict verdict;
  verdict.exit_code = std::stoi(text, &first);
  verdict.rank = Rank{std::stoi(text.substr(first), &second)};
  verdict.message = text.substr(first + second + 1);
  return verdict;
}

}  // namespace

Verdict agree(ProgressEngine& engine, int exit_code, const std::string& message) {
  const Verdict own{exit_code, engine.rank(), message};
  if (engine.rank() != kCoordinator) {
    engine.send_control(kCoordinator, encode(own));
    return decode(engine.next_control().payload);
  }
  Verdict verdict = own;
  for (int other = 1; other < engine.size(); ++other) {
    const Verdict theirs = decode(engine.next_control().payload);
    const bool first_failure = verdict.exit_code == 0 || theirs.rank < verdict.rank;
    if (theirs.exit_code != 0 && first_failure) verdict = theirs;
  }
  for (int other = 1; other < engine.size(); ++other) engine.send_control(Rank{other}, encode(verdict));
  return verdict;
}

std::string share(ProgressEngine& engine, Rank root, const std::string& payload) {
  // Through the coordinator, which alone talks to everyone on the control channel.
  if (engine.rank() != kCoordinator) {
    if (engine.rank() == root) engine.send_control(kCoordinator, payload);
    return engine.next_control().payload;
  }
  const std::string shared = root == kCoordinator ? payload : engine.next_control().payload;
  for (int other = 1; other < engine.size(); ++other) engine.send_control(Rank{other}, shared);
  return shared;
}

}  // namespace interlock::comm
