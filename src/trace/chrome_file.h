#pragma once
// A trace in Chrome's JSON format, which Perfetto and chrome://tracing open: rows of slices, grouped by
// process, with arrows between them. Times are nanoseconds since whatever beginning the caller chooses.

#include <cstdint>
#include <string>

#include "common/atomic_file.h"

namespace interlock::trace {

// Where something is drawn.
struct Row {
  int process = 0;  // from 1
  int thread = 0;   // unique in the file
};

class ChromeFile {
 public:
  // `metadata`: a JSON object, kept in the file under "otherData". Errors, here and below: IoError.
  ChromeFile(const std::string& path, const std::string& metadata);

  void name_process(int process, const std::string& name);
  void name_row(const Row& row, const std::string& name);

  // `colour`: one of chrome://tracing's names, or null; `arguments`: a JSON object, or "".
  void slice(const Row& row, const std::string& name, const char* category, const char* colour,
             std::int64_t begin, std::int64_t end, const std::string& arguments);
  // From within a slice of `from` to within one of `to`.
  void arrow(const std::string& name, const Row& from, std::int64_t begin, const Row& to, std::int64_t end);

  void finish();  // the file appears
  [[nodiscard]] std::int64_t events() const { return events_; }

 private:
  void event(const std::string& fields);
  void flush();

  AtomicFile file_;
  std::string text_;  // not yet in the file
  std::int64_t events_ = 0;
  std::int64_t arrows_ = 0;
};

}  // namespace interlock::trace
