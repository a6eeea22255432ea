#include "comm/clock_exchange.h"

#include <fstream>
#include <sstream>
#include <unistd.h>

#include <fmt/format.h>

namespace interlock::comm {
namespace {

constexpr int kRoundTrips = 20;

std::string host_name() {
  char name[256] = {};
  gethostname(name, sizeof(name) - 1);
  return name;
}

// Containers of one machine may have names of their own; they share its kernel, and so its clock.
std::string machine() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id.empty() ? host_name() : id;
}

void answer(ProgressEngine& engine) {
  const std::string self = fmt::format("{} {}", machine(), host_name());
  for (int i = 0; i < kRoundTrips; ++i) {
    engine.next_control();
    engine.send_control(kCoordinator, fmt::format("{} {}", monotonic_nanoseconds(), self));
  }
  engine.next_control();  // nobody says anything else before all have been asked
}

RankClock ask(ProgressEngine& engine, Rank rank) {
  RankClock clock;
  std::vector<RoundTrip> trips;
  for (int i = 0; i < kRoundTrips; ++i) {
    RoundTrip trip;
    trip.sent = monotonic_nanoseconds();
    engine.send_control(rank, "clock");
    const ControlMessage reply = engine.next_control();
    trip.received = monotonic_nanoseconds();
    std::istringstream(reply.payload) >> trip.there >> clock.machine >> clock.host;
    trips.push_back(trip);
  }
  clock.offset = clock_offset(trips);
  return clock;
}

}  // namespace

std::vector<RankClock> compare_clocks(ProgressEngine& engine) {
  if (engine.rank() != kCoordinator) {
    answer(engine);
    return {};
  }
  std::vector<RankClock> clocks = {{host_name(), machine(), {monotonic_nanoseconds(), 0, 0}}};
  for (int rank = 1; rank < engine.size(); ++rank) clocks.push_back(ask(engine, Rank{rank}));
  for (int rank = 1; rank < engine.size(); ++rank) engine.send_control(Rank{rank}, "go on");
  return clocks;
}

}  // namespace interlock::comm
