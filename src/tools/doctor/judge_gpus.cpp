#include <fmt/format.h>

#include "common/text.h"
#include "tools/doctor/judge.h"

namespace interlock::tools {
namespace {

void judge_driver(const Gpus& gpus, const Libraries& libraries, Section& section) {
  const std::string driver =
      fmt::format("driver {}, which runs CUDA up to {}", gpus.driver, cuda_version(gpus.cuda));
  // Within one major version an older driver runs a newer runtime.
  if (libraries.cuda && gpus.cuda > 0 && gpus.cuda / 1000 < libraries.cuda_runtime / 1000) {
    section.problem(fmt::format("{}, but LibTorch has CUDA {}", driver, cuda_version(libraries.cuda_runtime)),
                    fmt::format("update the driver, or take a LibTorch for CUDA {} (docs/install.md)",
                                cuda_version(gpus.cuda)),
                    ExitCode::kUsage);
  } else {
    section.ok(driver);
  }
  if (libraries.known() && !libraries.cuda) {
    section.warn("LibTorch has no CUDA: GPUs are not used",
                 "build with a LibTorch that has CUDA (docs/install.md, docs/gpu.md)");
  }
}

void judge_device(std::size_t index, const Gpu& gpu, Section& section) {
  constexpr double kMuch = 0.1;  // of a GPU that nobody else should use
  const std::string what =
      fmt::format("GPU {}: {}, {}, {} free{}", index, gpu.name, format_bytes(static_cast<double>(gpu.bytes)),
                  format_bytes(static_cast<double>(gpu.free)),
                  gpu.busy_percent >= 0 ? fmt::format(", {} % busy", gpu.busy_percent) : "");
  if (gpu.exclusive) {
    section.warn(what + ", one process at a time (exclusive mode)",
                 "right for a GPU a rank; for several ranks on it: nvidia-smi -c DEFAULT");
  } else if (gpu.bytes > 0 &&
             static_cast<double>(gpu.bytes - gpu.free) > kMuch * static_cast<double>(gpu.bytes)) {
    section.warn(what, "other processes use it (nvidia-smi shows which): speed and memory will suffer");
  } else {
    section.ok(what + (gpu.parted ? ", divided by MIG" : ""));
  }
}

}  // namespace

void judge_gpus(const Gpus& gpus, const Libraries& libraries, const Environment& environment,
                std::vector<Finding>& findings) {
  Section section("GPUs", findings);
  if (!gpus.library) {
    if (gpus.hardware) {
      section.warn("there is a GPU of NVIDIA's, but no driver (libnvidia-ml.so.1 is not found)",
                   "install the driver; in a container: docker run --gpus all, apptainer exec --nv");
    } else {
      section.ok("no GPU, no driver (libnvidia-ml.so.1 is not found): training runs on CPUs");
    }
    return;
  }
  if (!gpus.error.empty()) {
    section.problem(
        fmt::format("the driver does not answer: {}", gpus.error),
        "after an update of the driver reboot, or load its module; in a container give it the host's "
        "(docker run --gpus all, apptainer exec --nv)",
        ExitCode::kUsage);
    return;
  }
  judge_driver(gpus, libraries, section);
  if (gpus.devices.empty()) section.ok("the driver knows no GPU: training runs on CPUs");
  for (std::size_t i = 0; i < gpus.devices.size(); ++i) judge_device(i, gpus.devices[i], section);
  const bool asked = libraries.known() && libraries.cuda && !gpus.devices.empty();
  if (!asked) return;
  if (libraries.cuda_devices > 0 && !libraries.cuda_error.empty()) {
    section.problem(fmt::format("the program cannot compute on all of them: {}", libraries.cuda_error),
                    "docs/gpu.md; run.device=cpu trains without", ExitCode::kUsage);
  } else if (libraries.cuda_devices > 0) {
    section.ok(fmt::format("the program computes on {} of {}", libraries.cuda_devices, gpus.devices.size()));
  } else if (const auto visible = environment.find("CUDA_VISIBLE_DEVICES"); visible != environment.end()) {
    section.ok(fmt::format("CUDA_VISIBLE_DEVICES={} hides all GPUs from the program", visible->second));
  } else {
    section.problem(fmt::format("the program can use none: {}", libraries.cuda_error),
                    "docs/gpu.md; run.device=cpu trains without", ExitCode::kUsage);
  }
}

}  // namespace interlock::tools
