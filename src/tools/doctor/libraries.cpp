#include "tools/doctor/libraries.h"

#include <cctype>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/text.h"
#include "common/version.h"

namespace interlock::tools {
namespace {

using nlohmann::json;

#ifdef __clang__
constexpr const char* kCompiler = "clang";
#else
constexpr const char* kCompiler = "g++";
#endif

// The first "1.2.3" in a text.
std::string version_in(const std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (std::isdigit(static_cast<unsigned char>(text[i])) == 0) continue;
    std::size_t end = i;
    int dots = 0;
    while (end < text.size() &&
           (std::isdigit(static_cast<unsigned char>(text[end])) != 0 || text[end] == '.')) {
      dots += text[end] == '.' ? 1 : 0;
      ++end;
    }
    if (dots >= 1) return text.substr(i, end - i - (text[end - 1] == '.' ? 1 : 0));
    i = end;
  }
  return "";
}

std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

// Of "4.1.4" the "4.1": what must be the same for a program to start.
std::string series(const std::string& version) {
  return version.substr(0, version.find('.', version.find('.') + 1));
}

}  // namespace

std::string cuda_version(int number) {
  return fmt::format("{}.{}", number / 1000, number % 1000 / 10);
}

std::string to_json(const Libraries& libraries) {
  return json{{"mpi_headers", libraries.mpi_headers},
              {"mpi_library", libraries.mpi_library},
              {"mpi_path", libraries.mpi_path},
              {"torch", libraries.torch},
              {"torch_path", libraries.torch_path},
              {"instructions", libraries.instructions},
              {"cuda", libraries.cuda},
              {"cuda_runtime", libraries.cuda_runtime},
              {"cuda_devices", libraries.cuda_devices},
              {"cuda_error", libraries.cuda_error},
              {"nccl_headers", libraries.nccl_headers},
              {"nccl_library", libraries.nccl_library},
              {"build", libraries.build}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

Libraries libraries_from(const std::string& text) {
  Libraries libraries;
  const json document = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return libraries;
  const auto word = [&document](const char* name) {
    const auto found = document.find(name);
    return found != document.end() && found->is_string() ? found->get<std::string>() : "";
  };
  const auto number = [&document](const char* name) {
    const auto found = document.find(name);
    return found != document.end() && found->is_number_integer() ? found->get<int>() : 0;
  };
  libraries.mpi_headers = word("mpi_headers");
  libraries.mpi_library = word("mpi_library");
  libraries.mpi_path = word("mpi_path");
  libraries.torch = word("torch");
  libraries.torch_path = word("torch_path");
  libraries.instructions = word("instructions");
  libraries.cuda = document.value("cuda", json()) == true;
  libraries.cuda_runtime = number("cuda_runtime");
  libraries.cuda_devices = number("cuda_devices");
  libraries.cuda_error = word("cuda_error");
  libraries.nccl_headers = word("nccl_headers");
  libraries.nccl_library = word("nccl_library");
  libraries.build = word("build");
  return libraries;
}

void judge_program(const Libraries& libraries, const std::string& program, const std::string& output,
                   std::vector<Finding>& findings) {
  Section section("program", findings);
  section.ok(fmt::format("interlock {}{}{}, {} {}, {}", version(), libraries.build.empty() ? "" : ", build ",
                         libraries.build.substr(0, 12), kCompiler, __VERSION__,
#ifdef NDEBUG
                         "optimised"
#else
                         "with assertions"
#endif
                         ));
  if (!libraries.known()) {
    section.problem(fmt::format("{} does not start: {}", program, last_line(output)),
                    "a library that it needs is missing or another one: see `ldd` of it, and docs/install.md",
                    ExitCode::kUsage);
    return;
  }
  section.ok(
      fmt::format("LibTorch {} {}, {} kernels, {}", libraries.torch,
                  libraries.cuda ? "with CUDA " + cuda_version(libraries.cuda_runtime) : "without CUDA",
                  libraries.instructions, libraries.torch_path));
  if (!libraries.cuda) return;
  const std::string& nccl = libraries.nccl_library;
  if (series(nccl) == series(libraries.nccl_headers)) {
    section.ok(fmt::format("NCCL {}", nccl));
  } else {
    section.warn(
        fmt::format("NCCL {} is loaded, but the program was built with {}", nccl, libraries.nccl_headers),
        "take the NCCL that LibTorch came with: remove others from LD_LIBRARY_PATH and LD_PRELOAD");
  }
}

void judge_mpi(const Libraries& libraries, const std::string& mpirun, const std::string& answer,
               std::vector<Finding>& findings) {
  Section section("MPI", findings);
  const std::string library = version_in(libraries.mpi_library);
  if (libraries.known()) {
    const std::string what =
        fmt::format("{} in {}", first_line(libraries.mpi_library.substr(0, libraries.mpi_library.find(','))),
                    libraries.mpi_path);
    if (series(library) == series(libraries.mpi_headers)) {
      section.ok(what);
    } else {
      section.problem(
          fmt::format("{} is loaded, but the program was built with Open MPI {}", what,
                      libraries.mpi_headers),
          "load the Open MPI that it was built with (module load, LD_LIBRARY_PATH), or build it anew",
          ExitCode::kPeerDied);
    }
  }
  if (mpirun.empty()) {
    section.problem(
        "mpirun is not in PATH",
        "install Open MPI (Debian: apt-get install openmpi-bin), or on a cluster load its module; "
        "`train --single-process` needs none",
        ExitCode::kPeerDied);
    return;
  }
  const bool open_mpi = answer.find("Open MPI") != std::string::npos;
  const std::string version = version_in(answer);
  if (!open_mpi) {
    section.problem(
        fmt::format("{} is not Open MPI's: it says \"{}\"", mpirun, first_line(answer).substr(0, 80)),
        "put Open MPI's mpirun first in PATH: ranks started by another MPI's do not find each other",
        ExitCode::kPeerDied);
  } else if (libraries.known() && version != library) {
    section.problem(
        fmt::format("{} is of Open MPI {}, but the program loads Open MPI {}", mpirun, version, library),
        "take both from one Open MPI: ranks started by another one's mpirun may not find each other",
        ExitCode::kPeerDied);
  } else {
    section.ok(
        fmt::format("{} is of Open MPI {}{}", mpirun, version, libraries.known() ? ", as the library" : ""));
  }
}

}  // namespace interlock::tools
