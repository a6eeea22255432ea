#include "models/precision.h"

#include <ATen/autocast_mode.h>
#include <torch/types.h>

#include "common/error.h"

namespace interlock::models {
namespace {

at::ScalarType compute_type(config::Precision precision) {
  switch (precision) {
    case config::Precision::kFloat32:
      return at::kFloat;
    case config::Precision::kBfloat16:
      return at::kBFloat16;
    case config::Precision::kFloat16:
      return at::kHalf;
  }
  throw BrokenInvariant("precision without a type");
}

at::Tensor as_type(const at::Tensor& x, at::ScalarType type) {
  const at::Tensor plain = x.detach();
  return plain.is_floating_point() ? plain.to(type) : plain;
}

}  // namespace

AutocastScope::AutocastScope(c10::DeviceType device, config::Precision precision)
    : device_(device), does_something_(at::autocast::is_autocast_available(device)) {
  if (!does_something_) return;
  const bool enable = precision != config::Precision::kFloat32;
  enabled_before_ = at::autocast::is_autocast_enabled(device);
  does_something_ = enable || enabled_before_;
  if (!does_something_) return;
  type_before_ = at::autocast::get_autocast_dtype(device);
  at::autocast::increment_nesting();
  at::autocast::set_autocast_enabled(device, enable);
  if (enable) at::autocast::set_autocast_dtype(device, compute_type(precision));
}

AutocastScope::~AutocastScope() {
  if (!does_something_) return;
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(device_, enabled_before_);
  at::autocast::set_autocast_dtype(device_, type_before_);
}

at::ScalarType wire_type(const config::Config& config) {
  return config.schedule.wire_dtype == config::WireType::kBfloat16 ? at::kBFloat16 : at::kFloat;
}

at::ScalarType boundary_type(const config::Config& config) {
  const bool computes_so = config.training.precision == config::Precision::kBfloat16;
  return computes_so ? wire_type(config) : at::kFloat;
}

at::Tensor to_wire(const at::Tensor& x, const config::Config& config) {
  return as_type(x, wire_type(config));
}

at::Tensor from_wire(const at::Tensor& x, const config::Config& config) {
  return as_type(x, boundary_type(config));
}

at::Tensor through_wire(const at::Tensor& x, const config::Config& config) {
  return from_wire(to_wire(x, config), config);
}

}  // namespace interlock::models
