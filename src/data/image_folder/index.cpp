#include "data/image_folder/index.h"

#include <algorithm>
#include <filesystem>
#include <iterator>

#include <fmt/format.h>

#include "common/clock.h"
#include "common/error.h"
#include "common/log.h"
#include "common/text.h"

namespace interlock::data {
namespace {

namespace fs = std::filesystem;

constexpr double kReportSeconds = 5;
constexpr std::size_t kMostNamedClasses = 5;  // classes in a message

bool is_jpeg_name(const std::string& name) {
  static const std::vector<std::string> endings = {".jpg", ".jpeg", ".JPG", ".JPEG"};
  return std::any_of(endings.begin(), endings.end(), [&](const std::string& ending) {
    return name.size() > ending.size() &&
           name.compare(name.size() - ending.size(), ending.size(), ending) == 0;
  });
}

// Calls `visit` for each entry. A link counts as what it leads to.
template <class Visit>
void for_each_entry(const std::string& folder, const Visit& visit) {
  std::error_code reason;
  fs::directory_iterator entry(folder, reason);
  while (!reason && entry != fs::directory_iterator()) {
    std::error_code broken_link;
    visit(entry->path().filename().string(), entry->is_directory(broken_link));
    entry.increment(reason);
  }
  if (reason) throw DataError(fmt::format("{}: cannot list the folder: {}", folder, reason.message()));
}

std::string first_names(const std::vector<std::string>& names) {
  std::vector<std::string> shown(
      names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), kMostNamedClasses)));
  const std::size_t more = names.size() - shown.size();
  return join(shown, ", ") + (more > 0 ? fmt::format(" and {} more", more) : "");
}

}  // namespace

ImageList::ImageList(std::string folder)
    : folder_(std::move(folder)), next_report_(monotonic_seconds() + kReportSeconds) {
  std::vector<std::string> names;
  for_each_entry(folder_, [&](const std::string& name, bool is_folder) {
    if (is_folder && name.front() != '.') names.push_back(name);
  });
  std::sort(names.begin(), names.end());
  if (names.empty()) {
    throw DataError(
        fmt::format("{}: has no folders; data.kind imagefolder wants one for each class", folder_));
  }
  for (const std::string& name : names) add_class(name);
  if (other_files_ > 0) {
    log_info(fmt::format("{}: ignored {} files that do not end in .jpg or .jpeg, such as {}", folder_,
                         other_files_, other_file_));
  }
}

void ImageList::add_class(const std::string& name) {
  std::vector<std::string> files;
  for_each_entry(folder_ + "/" + name, [&](const std::string& file, bool is_folder) {
    if (!is_folder && is_jpeg_name(file)) {
      files.push_back(file);
    } else {
      if (other_files_++ == 0) other_file_ = name + "/" + file;
    }
  });
  if (files.empty()) {
    throw DataError(
        fmt::format("{}/{}: has no JPEG files (names that end in .jpg or .jpeg); every class needs "
                    "some, or remove the folder",
                    folder_, name));
  }
  std::sort(files.begin(), files.end());
  classes_.push_back(name);
  for (const std::string& file : files) {
    names_ += file;
    name_ends_.push_back(names_.size());
  }
  class_ends_.push_back(size());
  report_progress();
}

void ImageList::report_progress() {
  if (monotonic_seconds() < next_report_) return;
  next_report_ = monotonic_seconds() + kReportSeconds;
  log_info(fmt::format("{}: {} images in {} classes so far", folder_, size(), classes_.size()));
}

std::int64_t ImageList::class_of(std::int64_t image) const {
  INTERLOCK_CHECK(image >= 0 && image < size(), fmt::format("image {} of {}", image, size()));
  return std::upper_bound(class_ends_.begin(), class_ends_.end(), image) - class_ends_.begin();
}

std::string ImageList::path_of(std::int64_t image) const {
  const std::string& name = classes_[static_cast<std::size_t>(class_of(image))];
  const std::size_t begin = image == 0 ? 0 : name_ends_[static_cast<std::size_t>(image) - 1];
  return fmt::format("{}/{}/{}", folder_, name,
                     names_.substr(begin, name_ends_[static_cast<std::size_t>(image)] - begin));
}

std::vector<std::int64_t> ImageList::first(std::int64_t limit) const {
  const std::int64_t wanted = limit > 0 ? std::min(limit, size()) : size();
  std::vector<std::int64_t> images;
  images.reserve(static_cast<std::size_t>(wanted));
  for (std::int64_t turn = 0; static_cast<std::int64_t>(images.size()) < wanted; ++turn) {
    std::int64_t begin = 0;
    for (const std::int64_t end : class_ends_) {
      if (begin + turn < end && static_cast<std::int64_t>(images.size()) < wanted)
        images.push_back(begin + turn);
      begin = end;
    }
  }
  std::sort(images.begin(), images.end());
  return images;
}

void check_same_classes(const ImageList& train, const ImageList& eval) {
  const auto missing = [](const ImageList& from, const ImageList& in) {
    std::vector<std::string> names;
    std::set_difference(from.classes().begin(), from.classes().end(), in.classes().begin(),
                        in.classes().end(), std::back_inserter(names));
    return names;
  };
  std::vector<std::string> problems;
  const std::vector<std::string> only_train = missing(train, eval);
  const std::vector<std::string> only_eval = missing(eval, train);
  if (!only_train.empty())
    problems.push_back(fmt::format("only {} has {}", train.folder(), first_names(only_train)));
  if (!only_eval.empty())
    problems.push_back(fmt::format("only {} has {}", eval.folder(), first_names(only_eval)));
  if (problems.empty()) return;
  throw DataError(
      fmt::format("the class folders of training and evaluation differ: {}; both need the same ones",
                  join(problems, "; ")));
}

}  // namespace interlock::data
