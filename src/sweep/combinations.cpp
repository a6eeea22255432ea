#include <fmt/format.h>

#include "sweep/plan.h"

namespace interlock::sweep {

std::vector<std::vector<Setting>> combinations(const Grid& grid) {
  constexpr std::size_t kMost = 10000;
  std::vector<std::vector<Setting>> result = grid.list;
  if (result.empty()) result.emplace_back();
  for (const Axis& axis : grid.axes) {
    if (result.size() * axis.values.size() > kMost) {
      config::fail(axis.where, "grid." + axis.key,
                   fmt::format("makes more than {} combinations; sweep fewer values at a time", kMost));
    }
    std::vector<std::vector<Setting>> longer;
    for (const std::vector<Setting>& settings : result) {
      for (const config::YamlNode& value : axis.values) {
        longer.push_back(settings);
        longer.back().push_back({axis.key, value, value.where});
      }
    }
    result = std::move(longer);
  }
  return result;
}

RunFiles files_of(const std::string& dir, const std::string& name) {
  // No run is called configs, logs or failures: a name has a '='.
  return {dir + "/" + name, dir + "/configs/" + name + ".yaml", dir + "/logs/" + name + ".txt",
          dir + "/failures/" + name + ".json"};
}

}  // namespace interlock::sweep
