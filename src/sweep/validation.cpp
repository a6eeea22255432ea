#include "sweep/validation.h"

#include <fmt/format.h>

#include "config/scalar.h"

namespace interlock::sweep {
namespace {

std::string held_out(double fraction, const char* by_whom) {
  return fmt::format("{:g} % of the training samples, held out{}", 100 * fraction, by_whom);
}

}  // namespace

Validation choose_validation(const Grid& grid, const config::Config& config) {
  const bool has_file = !config.data.eval_path.empty();
  if (!grid.holdout) {
    if (config.data.holdout > 0) return {{}, held_out(config.data.holdout, "")};
    if (has_file) return {{}, "data.eval_path: " + config.data.eval_path};
  } else if (*grid.holdout == 0) {
    if (has_file && config.data.holdout == 0) return {{}, "data.eval_path: " + config.data.eval_path};
    config::fail(
        grid.holdout_where, "holdout",
        "is 0, which leaves only the data set's own evaluation samples, and a sweep never chooses by those; "
        "give a fraction such as 0.1, or data.eval_path");
  }
  const double fraction = grid.holdout.value_or(kDefaultHoldout);
  Validation validation{{"data.holdout=" + config::format_double(fraction)},
                        held_out(fraction, " by the sweep")};
  if (has_file) validation.overrides.insert(validation.overrides.begin(), "data.eval_path=");
  return validation;
}

std::vector<std::string> final_training(const config::Config& as_written) {
  if (as_written.data.holdout == 0) return {};
  return {"data.holdout=", "data.holdout_seed="};
}

}  // namespace interlock::sweep
