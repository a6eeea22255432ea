#include "tools/doctor/judge.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "common/text.h"

namespace interlock::tools {
namespace {

constexpr std::int64_t kMebibyte = std::int64_t{1} << 20;
constexpr std::int64_t kGibibyte = std::int64_t{1} << 30;

std::string bytes(std::int64_t count) {
  if (count == kUnlimited) return "unlimited";
  return count < 0 ? "unknown" : format_bytes(static_cast<double>(count));
}

std::string number(std::int64_t count) {
  return count == kUnlimited ? "unlimited" : count < 0 ? "unknown" : std::to_string(count);
}

bool below(std::int64_t found, std::int64_t wanted) {
  return found >= 0 && found < wanted;
}

}  // namespace

void judge_machine(const Machine& machine, std::vector<Finding>& findings) {
  Section section("machine", findings);
  section.ok(fmt::format("{}: {}", machine.host, machine.system));
  const int usable = machine.quota > 0
                         ? std::min(machine.allowed, std::max(1, static_cast<int>(machine.quota)))
                         : machine.allowed;
  const std::string processors = fmt::format("{} processor{} ({})", machine.processors,
                                             machine.processors == 1 ? "" : "s", machine.processor);
  if (machine.quota > 0 && machine.quota < machine.allowed) {
    section.warn(fmt::format("{}, but the control group allows the time of {:g}", processors, machine.quota),
                 fmt::format("start no more than {} ranks here, or raise the limit (docker run --cpus, SLURM "
                             "--cpus-per-task)",
                             usable));
  } else if (machine.allowed < machine.processors) {
    section.ok(fmt::format("{}, this process may use {}", processors, machine.allowed));
  } else {
    section.ok(processors);
  }
  if (usable < 2)
    section.warn("one processor: a coordinator and a rank a stage take turns on it",
                 "right for trying things out; `train --single-process` is quicker there");
  std::string memory =
      fmt::format("{} of memory, {} available", bytes(machine.memory), bytes(machine.available));
  if (machine.memory_cap > 0)
    memory += fmt::format(", {} allowed by the control group", bytes(machine.memory_cap));
  const std::int64_t room =
      machine.memory_cap > 0 ? std::min(machine.memory_cap, machine.available) : machine.available;
  if (below(room, kGibibyte)) {
    section.warn(memory, "a rank takes about 300 MiB before its stage: use fewer ranks or a larger machine");
  } else {
    section.ok(memory);
  }
  if (machine.clock == "hpet" || machine.clock == "acpi_pm") {
    section.warn(
        fmt::format("the kernel's clock is {}: each look at the time takes a microsecond", machine.clock),
        "boot with clocksource=tsc where the processor's counter is stable");
  }
}

void judge_limits(const Limits& limits, std::vector<Finding>& findings) {
  constexpr std::int64_t kFewestFiles = 256;
  constexpr std::int64_t kEnoughFiles = 1024;
  constexpr std::int64_t kEnoughProcesses = 512;
  Section section("limits", findings);
  const std::string files = fmt::format("open files: {}", number(limits.files));
  if (below(limits.files, kFewestFiles)) {
    section.problem(files,
                    "ulimit -n 4096 (or LimitNOFILE, /etc/security/limits.conf): a rank needs hundreds");
  } else if (below(limits.files, kEnoughFiles)) {
    section.warn(files, "ulimit -n 4096: enough for a few ranks, not for many or for folders of images");
  } else {
    section.ok(files);
  }
  const std::string processes = fmt::format("processes and threads: {}", number(limits.processes));
  if (below(limits.processes, kEnoughProcesses)) {
    section.warn(processes,
                 "ulimit -u 4096: each rank has half a dozen threads, and they count for all of "
                 "your processes together");
  } else {
    section.ok(processes);
  }
  const std::string locked = fmt::format("locked memory: {}", bytes(limits.locked_bytes));
  if (limits.infiniband && limits.locked_bytes != kUnlimited) {
    section.warn(locked,
                 "InfiniBand registers memory: ulimit -l unlimited (SLURM: "
                 "PropagateResourceLimitsExcept=MEMLOCK)");
  } else {
    section.ok(locked);
  }
  const std::string stack = fmt::format("stack: {}", bytes(limits.stack_bytes));
  if (below(limits.stack_bytes, kMebibyte)) {
    section.warn(stack, "ulimit -s 8192: libraries count on 8 MiB");
  } else {
    section.ok(stack);
  }
  if (limits.address_bytes >= 0) {
    section.warn(fmt::format("address space: {}", bytes(limits.address_bytes)),
                 "ulimit -v unlimited: CUDA and LibTorch reserve far more addresses than memory");
  }
  if (limits.file_bytes >= 0) {
    section.warn(fmt::format("largest file: {}", bytes(limits.file_bytes)),
                 "ulimit -f unlimited: checkpoints and caches of text may be larger");
  }
}

void judge_shared_memory(const Space& shm, bool single_copy, int scope, std::vector<Finding>& findings) {
  constexpr std::int64_t kLeast = 16 * kMebibyte;
  constexpr std::int64_t kEnough = 256 * kMebibyte;
  const std::string how =
      "docker run --shm-size=1g (or --ipc=host); elsewhere mount -o remount,size=1G /dev/shm";
  Section section("shared memory", findings);
  const std::string what = fmt::format("{}: {}, {} free", shm.path, bytes(shm.bytes), bytes(shm.free));
  if (!shm.there || !shm.writable) {
    section.problem(fmt::format("{} {}", shm.path, shm.there ? "cannot be written to" : "is missing"),
                    "ranks of a host exchange messages there: mount a tmpfs on it, writable for all",
                    ExitCode::kPeerDied);
  } else if (below(shm.free, kLeast)) {
    section.problem(what, "ranks need about 4 MiB each there, NCCL more: remove old files, or " + how,
                    ExitCode::kPeerDied);
  } else if (below(shm.free, kEnough)) {
    section.warn(what, "enough for a few ranks: " + how);
  } else {
    section.ok(what);
  }
  if (single_copy) {
    section.ok("large messages between ranks of this host take one copy (process_vm_readv)");
  } else {
    section.warn("large messages between ranks of this host take two copies: process_vm_readv is forbidden",
                 scope > 1
                     ? fmt::format("kernel.yama.ptrace_scope is {}: sysctl kernel.yama.ptrace_scope=1", scope)
                     : "in a container: docker run --cap-add=SYS_PTRACE; ranks must be in one user "
                       "namespace. It works as it is, a little slower");
  }
}

void judge_space(const Space& here, const Space& cache, const Space& temporary,
                 std::vector<Finding>& findings) {
  struct Case {
    const Space& space;
    const char* what;
    std::int64_t least;
    std::int64_t enough;
  };
  const Case cases[] = {{here, "this folder", 64 * kMebibyte, kGibibyte},
                        {cache, "cache of texts", 0, kGibibyte},
                        {temporary, "temporary files", kMebibyte, 64 * kMebibyte}};
  Section section("disk", findings);
  for (const Case& one : cases) {
    const std::string what =
        fmt::format("{}: {} free in {}", one.what, bytes(one.space.free), one.space.path);
    const bool is_temporary = &one.space == &temporary;
    if (is_temporary && !(temporary.there && temporary.writable)) {
      section.problem(fmt::format("{}: {} {}", one.what, one.space.path,
                                  temporary.there ? "cannot be written to" : "is missing"),
                      "Open MPI keeps its session there: set TMPDIR to a folder on a local disk");
    } else if (!one.space.writable) {
      section.warn(fmt::format("{}: {} cannot be written to", one.what, one.space.path),
                   &one.space == &cache ? "set data.cache, or XDG_CACHE_HOME, to another folder"
                                        : "runs go to runs/ in it: give run.dir, or change the folder");
    } else if (below(one.space.free, one.least)) {
      section.problem(what, is_temporary
                                ? "make room, or set TMPDIR to a folder on another disk"
                                : "make room: checkpoints are several times as large as the weights");
    } else if (below(one.space.free, one.enough)) {
      section.warn(what,
                   "checkpoints are several times as large as the weights; run.keep_checkpoints limits "
                   "their number");
    } else {
      section.ok(what);
    }
  }
  constexpr std::size_t kLongestPath = 80;  // a Unix socket's path has room for 108
  if (temporary.path.size() > kLongestPath) {
    section.warn(
        fmt::format("temporary files: the path {} has {} characters", temporary.path, temporary.path.size()),
        "Open MPI's sockets there may not start: export TMPDIR=/tmp");
  }
}

void judge_job(const Environment& environment, std::vector<Finding>& findings) {
  const auto value = [&environment](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? "" : found->second;
  };
  Section section("environment", findings);
  const std::string threads = value("OMP_NUM_THREADS");
  section.ok(threads.empty()
                 ? "OMP_NUM_THREADS is not set; run.threads decides (1 unless set)"
                 : fmt::format("OMP_NUM_THREADS is {}; run.threads decides all the same", threads));
  if (!value("SLURM_JOB_ID").empty()) {
    section.ok(fmt::format("in SLURM job {}: {} node{}, {} task{}", value("SLURM_JOB_ID"),
                           value("SLURM_JOB_NUM_NODES"), value("SLURM_JOB_NUM_NODES") == "1" ? "" : "s",
                           value("SLURM_NTASKS").empty() ? "1" : value("SLURM_NTASKS"),
                           value("SLURM_NTASKS") == "1" ? "" : "s"));
  }
  const bool started_by_srun = !value("SLURM_STEP_ID").empty() && !value("SLURM_PROCID").empty();
  if (started_by_srun && std::atoi(value("SLURM_STEP_NUM_TASKS").c_str()) > 1 && value("PMIX_RANK").empty() &&
      value("PMI_RANK").empty()) {
    section.problem("srun started several tasks, but told them nothing of each other",
                    "srun --mpi=pmix (srun --mpi=list shows what there is), or mpirun inside of sbatch",
                    ExitCode::kPeerDied);
  }
  const bool root = value("USER_ID") == "0";
  const bool allowed =
      value("OMPI_ALLOW_RUN_AS_ROOT") == "1" && value("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM") == "1";
  if (root && !allowed) {
    section.warn("you are root: mpirun refuses to start",
                 "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 (launch/train does); "
                 "better, be another user");
  }
  for (const auto& [name, setting] : environment) {
    const bool ours = name.rfind("OMPI_MCA_", 0) == 0 || name.rfind("NCCL_", 0) == 0 ||
                      name == "LD_PRELOAD" || name == "CUDA_VISIBLE_DEVICES";
    if (ours) section.ok(fmt::format("{}={}", name, setting));
  }
}

}  // namespace interlock::tools
