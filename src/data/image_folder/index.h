#pragma once
// What is in a folder of class folders of JPEG files: names and class numbers. No file is opened. No torch.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace interlock::data {

// One split ("train" or "val"). Classes are numbered in the order of their names, files by class and name: as
// torchvision's ImageFolder numbers them. About 30 bytes an image.
class ImageList {
 public:
  // Lists `folder`/CLASS/*.jpg (.jpeg, .JPG, .JPEG); follows symbolic links. Other files are counted in one
  // message; where there is much to list, a progress line is logged every few seconds. Folders whose names
  // start with a dot are left out. Errors: DataError where there is no such folder, no class folder in it, or
  // a class without an image.
  explicit ImageList(std::string folder);

  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] const std::vector<std::string>& classes() const { return classes_; }
  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(name_ends_.size()); }
  [[nodiscard]] std::int64_t class_of(std::int64_t image) const;
  [[nodiscard]] std::string path_of(std::int64_t image) const;

  // The numbers of all images (`limit` = 0), or of `limit` of them, taking the classes in turn, so that few
  // still show every class; ascending.
  [[nodiscard]] std::vector<std::int64_t> first(std::int64_t limit) const;

 private:
  void add_class(const std::string& name);
  void report_progress();

  std::string folder_;
  std::vector<std::string> classes_;
  std::vector<std::int64_t> class_ends_;  // one past the last image of each class
  std::string names_;                     // of all files, one after the other
  std::vector<std::size_t> name_ends_;
  std::int64_t other_files_ = 0;
  std::string other_file_;  // the first of them
  double next_report_ = 0;
};

// That evaluation can be scored against training. Errors: DataError with the classes that only one has.
void check_same_classes(const ImageList& train, const ImageList& eval);

}  // namespace interlock::data
