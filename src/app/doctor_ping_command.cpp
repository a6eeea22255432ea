// `doctor-ping`, which `doctor` starts: what only a program with LibTorch and MPI can tell.

#include <algorithm>
#include <array>
#include <csignal>
#include <dlfcn.h>
#include <sched.h>
#include <unistd.h>

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <torch/version.h>

#include "app/build_id.h"
#include "app/commands.h"
#include "comm/exchange.h"
#include "comm/progress_engine.h"
#include "comm/versions.h"
#include "common/clock.h"
#include "common/error.h"
#include "common/launch_rank.h"
#include "device/cuda_device.h"
#include "device/cuda_version.h"
#include "tools/doctor/capture.h"
#include "tools/doctor/doctor.h"
#include "tools/doctor/ping.h"

namespace interlock::app {
namespace {

constexpr int kPatience = 60;  // seconds

struct PingArguments {
  bool libraries = false;
  bool report = false;
  bool json = false;
};

tools::Libraries look_at_libraries() {
  tools::Libraries libraries;
  const comm::Versions versions = comm::versions();
  libraries.mpi_headers = versions.mpi_headers;
  libraries.mpi_library = versions.mpi_library;
  libraries.mpi_path = versions.mpi_path;
  libraries.nccl_headers = versions.nccl_headers;
  libraries.nccl_library = versions.nccl_library;
  libraries.torch = TORCH_VERSION;
  libraries.instructions = at::get_cpu_capability();
  Dl_info place{};
  if (::dladdr(reinterpret_cast<void*>(&at::get_cpu_capability), &place) != 0 && place.dli_fname != nullptr)
    libraries.torch_path = place.dli_fname;
  libraries.cuda_runtime = device::cuda_runtime_version();
  libraries.cuda = libraries.cuda_runtime > 0;
  const device::Gpus gpus = device::find_gpus();
  libraries.cuda_devices = gpus.count;
  libraries.cuda_error = gpus.count > 0 ? device::try_gpus() : gpus.why_none;
  libraries.build = build_id();
  return libraries;
}

// Whatever MPI does: these ranks end.
void give_up(int) {
  constexpr char kWords[] = "interlock: error: ranks do not answer each other: MPI hangs (docs/cluster.md)\n";
  if (::write(STDERR_FILENO, kWords, sizeof(kWords) - 1) < 0) ::_exit(static_cast<int>(ExitCode::kInternal));
  ::_exit(static_cast<int>(ExitCode::kHang));
}

// Seconds that a message of `tensor` takes one way: the median of round trips between rank 0 and `peer`.
double one_way(comm::ProgressEngine& engine, Rank peer, const at::Tensor& tensor, int rounds) {
  constexpr int kWarmUp = 5;
  const bool starts = engine.rank() == kCoordinator;
  std::vector<double> times;
  for (int i = 0; i < rounds + kWarmUp; ++i) {
    const double start = monotonic_seconds();
    if (starts) engine.send(peer, comm::Tag::tensor(i), tensor).wait();
    engine.receive(peer, comm::Tag::tensor(i), tensor).wait();
    if (!starts) engine.send(peer, comm::Tag::tensor(i), tensor).wait();
    if (i >= kWarmUp) times.push_back((monotonic_seconds() - start) / 2);
  }
  std::nth_element(times.begin(), times.begin() + rounds / 2, times.end());
  return times[static_cast<std::size_t>(rounds / 2)];
}

std::string host_and_processors() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  cpu_set_t set;
  const int allowed = ::sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 0;
  return fmt::format("{} {}", allowed, name.data());
}

// Collective.
std::vector<tools::RankPing> ping_all(comm::ProgressEngine& engine) {
  constexpr std::int64_t kLarge = std::int64_t{2} << 20;
  constexpr int kSmallRounds = 101;
  constexpr int kLargeRounds = 21;
  std::vector<Rank> everyone;
  for (int rank = 0; rank < engine.size(); ++rank) everyone.push_back(Rank{rank});
  const std::vector<std::string> told = comm::exchange(engine, everyone, host_and_processors());
  const at::Tensor small = at::zeros({8}, at::kByte);
  const at::Tensor large = at::zeros({kLarge}, at::kByte);
  std::vector<tools::RankPing> pings;
  for (const Rank peer : everyone) {
    tools::RankPing ping;
    ping.rank = index(peer);
    const std::string& words = told[static_cast<std::size_t>(index(peer))];
    ping.processors = std::atoi(words.c_str());
    ping.host = words.substr(words.find(' ') + 1);
    const bool mine = engine.rank() == kCoordinator || engine.rank() == peer;
    if (peer != kCoordinator && mine) {
      const Rank other = engine.rank() == kCoordinator ? peer : kCoordinator;
      ping.microseconds = one_way(engine, other, small, kSmallRounds) * 1e6;
      ping.gigabytes_per_second =
          static_cast<double>(kLarge) / one_way(engine, other, large, kLargeRounds) / 1e9;
    }
    pings.push_back(ping);
  }
  return pings;
}

// Rank 0's host in full; of other hosts what is wrong there.
std::vector<tools::Finding> look_at_all_hosts(comm::ProgressEngine& engine,
                                              const std::vector<tools::RankPing>& pings) {
  std::vector<Rank> everyone;
  std::vector<std::string> hosts;
  bool speaks = false;  // the lowest rank of each host
  for (const tools::RankPing& ping : pings) {
    everyone.push_back(Rank{ping.rank});
    const bool first = std::find(hosts.begin(), hosts.end(), ping.host) == hosts.end();
    if (first) hosts.push_back(ping.host);
    if (ping.rank == index(engine.rank())) speaks = first;
  }
  const std::vector<tools::Finding> own = speaks ? tools::look_at_host() : std::vector<tools::Finding>{};
  const std::vector<std::string> all = comm::exchange(engine, everyone, tools::as_json(own));
  std::vector<tools::Finding> findings = own;
  for (std::size_t rank = 1; rank < all.size(); ++rank) {
    for (tools::Finding finding : tools::from_json(all[rank])) {
      if (finding.level == tools::Level::kOk) continue;
      finding.section = pings[rank].host;
      findings.push_back(finding);
    }
  }
  return findings;
}

int report(const tools::PingAnswer& answer, const std::vector<tools::Finding>& hosts, bool json) {
  std::vector<tools::Finding> findings;
  tools::judge_program(answer.libraries, "", "", findings);
  const std::string mpirun = tools::find_in_path("mpirun");
  if (!mpirun.empty())
    tools::judge_mpi(answer.libraries, mpirun, tools::Question({mpirun, "--version"}).wait(kPatience).output,
                     findings);
  tools::judge_ping(answer.ranks, findings);
  for (const tools::Finding& finding : tools::look_at_host_gpus(answer.libraries))
    findings.push_back(finding);
  findings.insert(findings.end(), hosts.begin(), hosts.end());
  fmt::print("{}", json ? tools::as_json(findings) : tools::as_text(findings));
  return tools::exit_code_of(findings);
}

int ping_command(const PingArguments& arguments) {
  tools::PingAnswer answer;
  if (arguments.libraries) {
    answer.libraries = look_at_libraries();
    fmt::print("{}{}\n", tools::kAnswerMark, tools::to_json(answer));
    return 0;
  }
  ::signal(SIGALRM, give_up);
  ::alarm(kPatience);
  comm::ProgressEngine engine;
  answer.ranks = ping_all(engine);
  const std::vector<tools::Finding> hosts =
      arguments.report ? look_at_all_hosts(engine, answer.ranks) : std::vector<tools::Finding>{};
  const bool first = engine.rank() == kCoordinator && launch_rank() == 0;
  engine.close();
  if (!first) return 0;
  answer.libraries = look_at_libraries();
  if (arguments.report) return report(answer, hosts, arguments.json);
  fmt::print("{}{}\n", tools::kAnswerMark, tools::to_json(answer));
  return 0;
}

}  // namespace

void add_doctor_ping_command(CLI::App& app, cli::Run& run) {
  const auto arguments = std::make_shared<PingArguments>();
  CLI::App* const command = app.add_subcommand("doctor-ping", "what `doctor` starts on each rank");
  command->group("");  // not in --help: `doctor` is what people call
  command->add_flag("--libraries", arguments->libraries, "only tell the libraries; no MPI");
  command->add_flag("--report", arguments->report, "print doctor's report, not JSON for it");
  command->add_flag("--json", arguments->json, "with --report: as JSON");
  command->callback([arguments, &run] { run = [arguments] { return ping_command(*arguments); }; });
}

}  // namespace interlock::app
