#include <cmath>
#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/files.h"
#include "storage/checkpoint.h"
#include "storage/sealed_text.h"

namespace interlock::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostBytes = 4096;

std::string best_file(const std::string& run_directory) {
  return checkpoints_directory(run_directory) + "/best.json";
}

}  // namespace

void write_best(const std::string& run_directory, const Best& best) {
  INTERLOCK_CHECK(best.step >= 0 && std::isfinite(best.loss), "the best loss is a number");
  write_file_atomically(best_file(run_directory),
                        seal({{"version", kFormatVersion}, {"step", best.step}, {"loss", best.loss}}));
}

std::optional<Best> read_best(const std::string& run_directory) {
  const std::string path = best_file(run_directory);
  std::error_code ignored;
  if (!fs::exists(fs::symlink_status(path, ignored))) return std::nullopt;
  const nlohmann::json document = read_sealed(path, kMostBytes);
  const auto version = document.find("version"), step = document.find("step"), loss = document.find("loss");
  if (version == document.end() || *version != kFormatVersion || step == document.end() ||
      loss == document.end() || !step->is_number_unsigned() || !loss->is_number()) {
    throw DataError(fmt::format("{}: must hold a version ({}), a step and a loss; remove it to go on without",
                                path, kFormatVersion));
  }
  return Best{step->get<std::int64_t>(), loss->get<double>()};
}

std::string best_checkpoint(const std::string& run_directory) {
  const std::optional<Best> best = read_best(run_directory);
  if (!best) return "";
  const std::string directory = checkpoint_directory(run_directory, best->step);
  std::error_code ignored;
  return fs::exists(directory + "/manifest.json", ignored) ? directory : "";
}

}  // namespace interlock::storage
