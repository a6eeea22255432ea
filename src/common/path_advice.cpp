#include "common/path_advice.h"

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "common/text.h"

namespace interlock {
namespace {

namespace fs = std::filesystem;

// A folder of a data set may hold a million files; a message is not worth reading them all.
constexpr std::size_t kMostNames = 2000;

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (names.size() == kMostNames) break;
    names.push_back(entry->path().filename().string());
  }
  return names;
}

// The first part of the path that is not there, with what comes before it.
fs::path first_missing(const fs::path& path) {
  std::error_code ignored;
  fs::path walked;
  for (const fs::path& part : path) {
    walked /= part;
    if (!fs::exists(walked, ignored)) return walked;
  }
  return {};
}

std::string current_folder() {
  std::error_code error;
  const fs::path folder = fs::current_path(error);
  return error ? "" : folder.string();
}

// Some file systems say that nothing is there where nothing can be made.
std::string advice_on_folder(const std::string& path) {
  const std::string folder = fs::path(path).parent_path().string();
  std::error_code ignored;
  if (fs::is_directory(folder, ignored)) return "; nothing can be made there: choose another path";
  return fmt::format("; make the folder {} first, or choose another path", folder);
}

}  // namespace

std::string advice_on_missing(const std::string& path) {
  if (path.empty()) return "";
  if (path[0] == '~') return "; only a shell replaces '~', and not everywhere: write the whole path";
  const fs::path missing = first_missing(fs::path(path));
  if (missing.empty()) return "";
  const fs::path folder = missing.parent_path();
  const std::string nearest =
      nearest_name(missing.filename().string(), names_in(folder.empty() ? fs::path(".") : folder));
  if (!nearest.empty()) {
    const fs::path rest = fs::path(path).lexically_relative(missing);
    const fs::path meant = rest == "." ? folder / nearest : folder / nearest / rest;
    std::error_code ignored;
    if (fs::exists(meant, ignored)) return fmt::format("; did you mean '{}'?", meant.string());
  }
  const bool in_folder = missing != fs::path(path);
  const std::string part = in_folder ? fmt::format("; there is no {}", missing.string()) : "";
  if (fs::path(path).is_absolute() || current_folder().empty()) return part;
  return fmt::format("{}; relative paths start at the current folder, {}", part, current_folder());
}

std::string advice_on_writing(const std::string& path, int error) {
  switch (error) {
    case ENOENT:
      return advice_on_folder(path);
    case ENOTDIR:
    case EEXIST:
      return "; a part of this path is a file: choose another path";
    case EACCES:
    case EPERM:
      return "; you may not write there: choose another path, or get permission";
    case EROFS:
      return "; this file system is read-only: choose another path";
    default:
      return "";
  }
}

}  // namespace interlock
