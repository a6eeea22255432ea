#pragma once
// Where made vocabularies and tokenised text are kept, and how several processes share it.

#include <functional>
#include <string>

namespace interlock::text {

// `configured`, or $XDG_CACHE_HOME/interlock, or ~/.cache/interlock. Errors: IoError where there is no home.
std::string cache_folder(const std::string& configured);

// Runs `build(target)`, which must write the file `target` whole, and gives it the name `path`. Processes
// that want the same file at once take turns, and `is_there` is asked once more when it is one's turn; where
// the file system has no locks each builds its own, and the last one's stays. Errors: IoError that names
// data.cache.
void build_once(const std::string& path, const std::function<bool()>& is_there,
                const std::function<void(const std::string& target)>& build);

}  // namespace interlock::text
