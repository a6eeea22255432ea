#include "models/pretrained_check.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/error.h"
#include "common/text.h"
#include "models/layers/registry.h"

namespace interlock::models {
namespace {

std::string describe(at::ScalarType type, const std::vector<std::int64_t>& shape) {
  return fmt::format("{} {}", c10::toString(type), format_shape(shape));
}

void append_first(std::string& text, const std::vector<std::string>& items, const std::string& what) {
  constexpr std::size_t kMost = 4;
  if (items.empty()) return;
  const std::vector<std::string> first(items.begin(),
                                       items.begin() + static_cast<long>(std::min(items.size(), kMost)));
  text += fmt::format("; {} {}: {}{}", items.size(), what, join(first, ", "),
                      items.size() > kMost ? fmt::format(" and {} more", items.size() - kMost) : "");
}

}  // namespace

std::vector<ExpectedTensor> expected_tensors(const std::vector<config::LayerSpec>& layers,
                                             const std::string& prefix, const std::vector<bool>& frozen) {
  std::vector<ExpectedTensor> all;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const LayerPtr layer = make_layer(layers[i]);
    const auto add = [&](const auto& items, bool required) {
      for (const auto& item : items) {
        const at::Tensor& tensor = item.value();
        const bool counts = tensor.is_floating_point();  // not the number of batches seen
        all.push_back({fmt::format("{}.{}.{}", prefix, i, item.key()), tensor.sizes().vec(),
                       tensor.scalar_type(), required && counts});
      }
    };
    add(layer->named_parameters(), true);
    add(layer->named_buffers(), !frozen.empty() && frozen[i]);
  }
  return all;
}

void Misfits::missing(const ExpectedTensor& expected) {
  missing_.push_back(fmt::format("'{}' {}", expected.name, format_shape(expected.shape)));
}

void Misfits::extra(const std::string& name, const at::Tensor& tensor) {
  extra_.push_back(fmt::format("'{}' {}", name, format_shape(tensor.sizes().vec())));
}

bool Misfits::check(const ExpectedTensor& expected, const std::string& name, const at::Tensor& found) {
  const bool kinds_match = found.is_floating_point() == at::isFloatingType(expected.type);
  if (kinds_match && found.sizes() == at::IntArrayRef(expected.shape)) return true;
  different_.push_back(fmt::format("'{}' is {}, expected {}", name,
                                   describe(found.scalar_type(), found.sizes().vec()),
                                   describe(expected.type, expected.shape)));
  return false;
}

void Misfits::hint(const std::string& text) {
  if (std::find(hints_.begin(), hints_.end(), text) == hints_.end()) hints_.push_back(text);
}

void Misfits::fail(const std::string& path, const std::string& naming) const {
  INTERLOCK_CHECK(any(), path);
  std::string text = fmt::format("{}: its tensors (names of {}) do not fit this network", path, naming);
  append_first(text, missing_, "missing");
  append_first(text, extra_, "that belong to no layer");
  append_first(text, different_, "of another shape or type");
  for (const std::string& hint : hints_) text += "; " + hint;
  throw DataError(text);
}

}  // namespace interlock::models
