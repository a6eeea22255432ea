#include "tools/doctor/doctor.h"

#include <filesystem>
#include <unistd.h>

#include "common/process_memory.h"

// NOLINTNEXTLINE: the system's own declaration
extern char** environ;

namespace interlock::tools {

Environment environment_that_matters() {
  Environment environment;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::string name = text.substr(0, text.find('='));
    for (const char* start : {"OMPI_", "PMIX_RANK", "PMI_RANK", "SLURM_", "NCCL_", "OMP_NUM_THREADS",
                              "LD_PRELOAD", "CUDA_VISIBLE_DEVICES"}) {
      if (name.rfind(start, 0) == 0 && text.size() > name.size())
        environment[name] = text.substr(name.size() + 1);
    }
  }
  environment["USER_ID"] = std::to_string(::geteuid());
  return environment;
}

std::vector<Finding> look_at_host() {
  std::vector<Finding> findings;
  std::error_code ignored;
  judge_machine(look_at_machine(), findings);
  judge_limits(look_at_limits(), findings);
  judge_shared_memory(look_at_space("/dev/shm"), memory_is_readable_by_others(), ptrace_scope(), findings);
  judge_space(look_at_space(std::filesystem::current_path(ignored).string()), look_at_space(cache_folder()),
              look_at_space(temporary_folder()), findings);
  judge_job(environment_that_matters(), findings);
  return findings;
}

std::vector<Finding> look_at_host_gpus(const Libraries& libraries) {
  std::vector<Finding> findings;
  judge_gpus(look_at_gpus(), libraries, environment_that_matters(), findings);
  return findings;
}

}  // namespace interlock::tools
