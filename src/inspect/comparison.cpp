#include "inspect/comparison.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "common/error.h"
#include "common/text.h"
#include "storage/element_type.h"

namespace interlock::inspect {
namespace {

std::vector<char> bytes_of(const TensorRow& row) {
  std::vector<char> all;
  all.reserve(row.entry->end - row.entry->begin);
  row.file->read(*row.entry,
                 [&](const char* bytes, std::size_t count) { all.insert(all.end(), bytes, bytes + count); });
  return all;
}

class Differences {
 public:
  void add(double left, double right) {
    ++found_.elements;
    squares_ += std::isfinite(left) ? left * left : 0;
    if (left == right || (std::isnan(left) && std::isnan(right))) return;
    ++found_.different;
    const double apart = std::abs(left - right);
    const bool numbers = std::isfinite(left) && std::isfinite(right);
    found_.largest = std::max(found_.largest, numbers ? apart : std::numeric_limits<double>::infinity());
    if (numbers) squares_apart_ += apart * apart;
  }
  [[nodiscard]] TensorComparison result() const {
    TensorComparison result = found_;
    if (result.different == 0) return result;
    result.relative = squares_ > 0 ? std::sqrt(squares_apart_ / squares_)  //
                                   : std::numeric_limits<double>::infinity();
    return result;
  }

 private:
  TensorComparison found_;
  double squares_ = 0;
  double squares_apart_ = 0;
};

TensorComparison compare(const TensorRow& left, const TensorRow& right) {
  constexpr std::size_t kSome = 1024;
  const std::vector<char> ours = bytes_of(left);
  const std::size_t our_width = storage::element_bytes(left.entry->type);
  const std::size_t their_width = storage::element_bytes(right.entry->type);
  Differences differences;
  std::size_t at = 0;  // element
  right.file->read(*right.entry, [&](const char* bytes, std::size_t count) {
    std::array<double, kSome> our_values{};
    std::array<double, kSome> their_values{};
    for (std::size_t done = 0; done < count / their_width;) {
      const std::size_t some = std::min(kSome, count / their_width - done);
      widen(left.entry->type, ours.data() + at * our_width, some, our_values.data());
      widen(right.entry->type, bytes + done * their_width, some, their_values.data());
      for (std::size_t i = 0; i < some; ++i) differences.add(our_values[i], their_values[i]);
      at += some;
      done += some;
    }
  });
  return differences.result();
}

std::string shape_and_type(const storage::TensorEntry& entry) {
  return format_shape(entry.shape) + " " + storage::element_name(entry.type);
}

void require_listed(const TensorSet& set) {
  for (const TensorFile& file : set.files) {
    if (!file.problem.empty()) throw DataError(file.problem);
  }
}

}  // namespace

std::vector<TensorComparison> compare(const TensorSet& left, const TensorSet& right,
                                      const Selection& selection) {
  require_listed(left);
  require_listed(right);
  Selection names = selection;
  names.read = false;
  const std::vector<TensorRow> ours = look(left, names);
  names.stage = -1;  // another cut may hold it elsewhere
  std::map<std::string, TensorRow> theirs;
  for (const TensorRow& row : look(right, names)) theirs[row.entry->name] = row;

  std::vector<TensorComparison> comparisons;
  for (const TensorRow& row : ours) {
    TensorComparison comparison;
    const auto other = theirs.find(row.entry->name);
    if (other == theirs.end()) {
      comparison.only_in = left.path;
    } else if (other->second.entry->shape != row.entry->shape) {
      comparison.shapes =
          fmt::format("{} against {}", shape_and_type(*row.entry), shape_and_type(*other->second.entry));
    } else {
      comparison = compare(row, other->second);
    }
    comparison.name = row.entry->name;
    if (other != theirs.end()) theirs.erase(other);
    comparisons.push_back(std::move(comparison));
  }
  if (selection.stage >= 0) return comparisons;
  for (const auto& [name, row] : theirs) {
    TensorComparison comparison;
    comparison.name = name;
    comparison.only_in = right.path;
    comparisons.push_back(std::move(comparison));
  }
  return comparisons;
}

}  // namespace interlock::inspect
