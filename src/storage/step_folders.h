#pragma once
// The step folders of a run. No torch.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace interlock::storage {

struct StepFolder {
  std::int64_t step = 0;
  std::filesystem::path path;
  bool committed = false;  // has a manifest
};

// Oldest first. Only real folders named as checkpoint_directory() names them: no links, no copies that a user
// made under another name. Empty where the run has none.
std::vector<StepFolder> step_folders(const std::string& run_directory);

}  // namespace interlock::storage
