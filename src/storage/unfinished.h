#pragma once
// What saves leave behind that did not come to their end. No torch.

#include <mutex>
#include <string>

#include "storage/checkpoint.h"

namespace interlock::storage {

// Held while a checkpoint is committed: a thread that cleans up because the job ends must not take shards
// away between the look at them and the manifest that names them.
std::timed_mutex& commit_mutex();

// Removes the shards in a checkpoint's folder that `manifest`, which is committed there, does not list, and
// temporary files. Returns how many.
int remove_unlisted_shards(const std::string& directory, const Manifest& manifest);

}  // namespace interlock::storage
