// What doctor makes of machines that nobody here has.

#include "support/catch.h"
#include "tools/doctor/judge.h"
#include "tools/doctor/ping.h"

namespace interlock::tools {
namespace {

using Catch::Matchers::Contains;

constexpr std::int64_t kMebibyte = std::int64_t{1} << 20;
constexpr std::int64_t kGibibyte = std::int64_t{1} << 30;

// The finding of that level with these words; fails where there is none.
Finding find(const std::vector<Finding>& findings, Level level, const std::string& words) {
  for (const Finding& finding : findings) {
    if (finding.level == level && finding.what.find(words) != std::string::npos) return finding;
  }
  FAIL("no " << name_of(level) << " with '" << words << "' in\n" << as_text(findings));
  return {};
}

bool all_ok(const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) {
    if (finding.level != Level::kOk) return false;
  }
  return !findings.empty();
}

Limits good_limits() {
  Limits limits;
  limits.files = 4096;
  limits.processes = limits.address_bytes = limits.file_bytes = kUnlimited;
  limits.locked_bytes = limits.stack_bytes = 8 * kMebibyte;
  return limits;
}

Machine good_machine() {
  Machine machine;
  machine.host = "node1";
  machine.processors = machine.allowed = 8;
  machine.memory = 32 * kGibibyte;
  machine.available = 30 * kGibibyte;
  machine.clock = "tsc";
  return machine;
}

Space space(const std::string& path, std::int64_t free) {
  return {path, true, true, 2 * free, free};
}

Libraries good_libraries() {
  Libraries libraries;
  libraries.mpi_headers = "4.1.4";
  libraries.mpi_library = "Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4";
  libraries.mpi_path = "/lib/libmpi.so.40";
  libraries.torch = "2.11.0";
  libraries.cuda = true;
  libraries.cuda_runtime = 13000;
  libraries.cuda_devices = 1;
  libraries.nccl_headers = libraries.nccl_library = "2.28.9";
  return libraries;
}

template <class Judge>
std::vector<Finding> judged(const Judge& judge) {
  std::vector<Finding> findings;
  judge(findings);
  return findings;
}

}  // namespace

TEST_CASE("a machine with enough of everything has nothing to be told", "[doctor]") {
  CHECK(all_ok(judged([](auto& f) { judge_machine(good_machine(), f); })));
  CHECK(all_ok(judged([](auto& f) { judge_limits(good_limits(), f); })));
  CHECK(all_ok(judged([](auto& f) { judge_shared_memory(space("/dev/shm", kGibibyte), true, 1, f); })));
  CHECK(all_ok(judged([](auto& f) {
    judge_space(space(".", 9 * kGibibyte), space("cache", 9 * kGibibyte), space("/tmp", kGibibyte), f);
  })));
  CHECK(all_ok(
      judged([](auto& f) { judge_mpi(good_libraries(), "/bin/mpirun", "mpirun (Open MPI) 4.1.4", f); })));
  CHECK(all_ok(judged([](auto& f) { judge_job({{"USER_ID", "1000"}}, f); })));
}

TEST_CASE("limits that are too low are told with the command that raises them", "[doctor]") {
  Limits limits = good_limits();
  limits.files = 64;
  limits.processes = 100;
  limits.stack_bytes = 65536;
  limits.address_bytes = kGibibyte;
  const auto findings = judged([&](auto& f) { judge_limits(limits, f); });
  const Finding files = find(findings, Level::kProblem, "open files: 64");
  CHECK_THAT(files.advice, Contains("ulimit -n"));
  CHECK(exit_code_of(findings) == 4);
  CHECK_THAT(find(findings, Level::kWarning, "processes and threads: 100").advice, Contains("ulimit -u"));
  CHECK_THAT(find(findings, Level::kWarning, "stack: 64.0 KiB").advice, Contains("ulimit -s"));
  CHECK_THAT(find(findings, Level::kWarning, "address space: 1.0 GiB").advice, Contains("ulimit -v"));

  Limits infiniband = good_limits();
  infiniband.infiniband = true;
  find(judged([&](auto& f) { judge_limits(infiniband, f); }), Level::kWarning, "locked memory: 8.0 MiB");
}

TEST_CASE("little shared memory is a warning, hardly any a problem", "[doctor]") {
  const auto of = [](std::int64_t free) {
    return judged([&](auto& f) { judge_shared_memory(space("/dev/shm", free), true, 0, f); });
  };
  CHECK_THAT(find(of(60 * kMebibyte), Level::kWarning, "/dev/shm").advice, Contains("--shm-size"));
  CHECK(exit_code_of(of(60 * kMebibyte)) == 0);
  find(of(4 * kMebibyte), Level::kProblem, "4.0 MiB free");
  CHECK(exit_code_of(of(4 * kMebibyte)) == 5);
  Space missing;
  missing.path = "/dev/shm";
  const auto gone = judged([&](auto& f) { judge_shared_memory(missing, false, 2, f); });
  find(gone, Level::kProblem, "is missing");
  CHECK_THAT(find(gone, Level::kWarning, "two copies").advice, Contains("ptrace_scope=1"));
}

TEST_CASE("the control group's limits count, not the host's size", "[doctor]") {
  Machine machine = good_machine();
  machine.quota = 1.5;
  machine.memory_cap = kGibibyte / 2;
  const auto findings = judged([&](auto& f) { judge_machine(machine, f); });
  CHECK_THAT(find(findings, Level::kWarning, "control group allows the time of 1.5").advice,
             Contains("no more than 1 ranks"));
  find(findings, Level::kWarning, "512.0 MiB allowed by the control group");
}

TEST_CASE("an mpirun that does not go with the library is a problem of MPI", "[doctor]") {
  const auto of = [](const std::string& path, const std::string& answer) {
    return judged([&](auto& f) { judge_mpi(good_libraries(), path, answer, f); });
  };
  CHECK_THAT(find(of("", ""), Level::kProblem, "not in PATH").advice, Contains("openmpi-bin"));
  CHECK(exit_code_of(of("", "")) == 5);
  find(of("/opt/mpirun", "HYDRA build details:\n    Version: 4.1.2"), Level::kProblem, "not Open MPI's");
  find(of("/opt/mpirun", "mpirun (Open MPI) 5.0.3"), Level::kProblem, "of Open MPI 5.0.3");
  Libraries libraries = good_libraries();
  libraries.mpi_library = "Open MPI v5.0.3, package: x";
  find(judged([&](auto& f) { judge_mpi(libraries, "/bin/mpirun", "mpirun (Open MPI) 5.0.3", f); }),
       Level::kProblem, "built with Open MPI 4.1.4");
}

TEST_CASE("GPUs: a driver that is too old, hidden, in use, or not there", "[doctor]") {
  Gpus gpus;
  CHECK(all_ok(judged([&](auto& f) { judge_gpus(gpus, good_libraries(), {}, f); })));
  gpus.hardware = true;
  find(judged([&](auto& f) { judge_gpus(gpus, good_libraries(), {}, f); }), Level::kWarning, "no driver");
  gpus.library = true;
  gpus.error = "Driver/library version mismatch";
  find(judged([&](auto& f) { judge_gpus(gpus, good_libraries(), {}, f); }), Level::kProblem, "mismatch");
  gpus.error = "";
  gpus.driver = "580.95";
  gpus.cuda = 13000;
  gpus.devices = {{"NVIDIA H100", 80 * kGibibyte, 79 * kGibibyte, 0, false, false}};
  CHECK(all_ok(judged([&](auto& f) { judge_gpus(gpus, good_libraries(), {}, f); })));
  gpus.devices[0].free = 8 * kGibibyte;
  find(judged([&](auto& f) { judge_gpus(gpus, good_libraries(), {}, f); }), Level::kWarning, "8.0 GiB free");
  gpus.cuda = 12040;
  const auto old = judged([&](auto& f) { judge_gpus(gpus, good_libraries(), {}, f); });
  find(old, Level::kProblem, "CUDA up to 12.4, but LibTorch has CUDA 13.0");
  CHECK(exit_code_of(old) == 2);
  Libraries none = good_libraries();
  none.cuda_devices = 0;
  none.cuda_error = "CUDA says: no";
  gpus.cuda = 13000;
  find(judged([&](auto& f) {
         judge_gpus(gpus, none, {{"CUDA_VISIBLE_DEVICES", ""}}, f);
       }),
       Level::kOk, "hides");
  find(judged([&](auto& f) { judge_gpus(gpus, none, {}, f); }), Level::kProblem,
       "can use none: CUDA says: no");
  Libraries broken = good_libraries();
  broken.cuda_error = "GPU 0: no kernel image is available";
  const auto seen_only = judged([&](auto& f) { judge_gpus(gpus, broken, {}, f); });
  find(seen_only, Level::kProblem, "cannot compute on all of them: GPU 0: no kernel image");
  CHECK(exit_code_of(seen_only) == 2);
}

TEST_CASE("an srun without PMIx and a root without permission are told", "[doctor]") {
  const Environment srun = {{"SLURM_JOB_ID", "7"},
                            {"SLURM_STEP_ID", "0"},
                            {"SLURM_PROCID", "0"},
                            {"SLURM_STEP_NUM_TASKS", "4"},
                            {"USER_ID", "1000"}};
  const auto findings = judged([&](auto& f) { judge_job(srun, f); });
  CHECK_THAT(find(findings, Level::kProblem, "srun started several tasks").advice, Contains("--mpi=pmix"));
  Environment pmix = srun;
  pmix["PMIX_RANK"] = "0";
  CHECK(all_ok(judged([&](auto& f) { judge_job(pmix, f); })));
  find(judged([](auto& f) { judge_job({{"USER_ID", "0"}}, f); }), Level::kWarning, "you are root");
}

TEST_CASE("a ping's answer survives what MPI prints around it", "[doctor]") {
  PingAnswer answer;
  answer.libraries = good_libraries();
  answer.ranks = {{0, "a", 2, -1, 0}, {1, "b", 2, 900, 0.1}};
  const PingAnswer back =
      ping_answer_in("WARNING: no fork\n" + std::string(kAnswerMark) + to_json(answer) + "\nbye {\n");
  CHECK(back.libraries.torch == "2.11.0");
  CHECK(back.libraries.cuda);
  REQUIRE(back.ranks.size() == 2);
  CHECK(back.ranks[1].host == "b");
  const auto findings = judged([&](auto& f) { judge_ping(back.ranks, f); });
  find(findings, Level::kOk, "2 ranks on 2 hosts");
  CHECK_THAT(find(findings, Level::kWarning, "rank 1 on b: 900.0 us").advice, Contains("btl_tcp_if_include"));
  for (const char* broken : {"", "interlock-doctor: ", "interlock-doctor: {", "interlock-doctor: [1]",
                             R"(interlock-doctor: {"libraries": 3, "ranks": []})"})
    CHECK_FALSE(ping_answer_in(broken).libraries.known());
}

TEST_CASE("silence is a hang, words are the reason", "[doctor]") {
  const auto hang = judged([](auto& f) { judge_silence(true, 20, "", f); });
  CHECK(exit_code_of(hang) == 6);
  const auto failed = judged(
      [](auto& f) { judge_silence(false, 20, "-----\nsomething\nmpirun: error: no slots\nthe end\n", f); });
  find(failed, Level::kProblem, "mpirun: error: no slots");
  CHECK(exit_code_of(failed) == 5);
}

TEST_CASE("findings are the same after a journey as JSON", "[doctor]") {
  std::vector<Finding> findings;
  Section section("disk", findings);
  section.ok("fine");
  section.warn("so so", "do this");
  section.problem("bad \"quoted\"", "do that", ExitCode::kPeerDied);
  const std::vector<Finding> back = from_json(as_json(findings));
  REQUIRE(back.size() == 3);
  CHECK(as_text(back) == as_text(findings));
  CHECK(exit_code_of(back) == 5);
  CHECK_THAT(as_text(back), Contains("1 problem, 1 warning"));
}

}  // namespace interlock::tools
