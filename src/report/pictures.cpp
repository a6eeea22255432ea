#include "report/pictures.h"

#include <cerrno>
#include <cstring>
#include <spawn.h>
#include <sys/wait.h>

#include <fmt/format.h>

#include "common/error.h"
#include "common/files.h"

extern char** environ;

namespace interlock::report {
namespace {

constexpr const char* kConverter = "rsvg-convert";
constexpr const char* kZoom = "2";  // sharp on screens with many pixels

// "" where it went well.
std::string convert(const std::string& from, const std::string& to) {
  std::vector<std::string> words = {kConverter, "--zoom", kZoom, "--output", to, from};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int failed = ::posix_spawnp(&child, kConverter, nullptr, nullptr, arguments.data(), environ);
  if (failed == ENOENT)
    return "PNGs need rsvg-convert: install librsvg2-bin (Debian: apt-get install librsvg2-bin)";
  if (failed != 0) return fmt::format("cannot start {}: {}", kConverter, std::strerror(failed));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0
             ? ""
             : fmt::format("{} could not draw {}", kConverter, from);
}

}  // namespace

Pictures write_pictures(const std::string& folder, const std::vector<Section>& sections) {
  make_directories(folder);
  Pictures pictures;
  for (const Section& section : sections) {
    for (const Block& block : section.blocks) {
      if (!(block.figure.width > 0)) continue;
      const std::string base = folder + "/" + block.figure.id;
      write_file_atomically(base + ".svg", block.figure.standalone());
      ++pictures.count;
      if (pictures.problem.empty()) pictures.problem = convert(base + ".svg", base + ".png");
    }
  }
  return pictures;
}

}  // namespace interlock::report
