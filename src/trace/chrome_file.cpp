#include "trace/chrome_file.h"

#include "trace/json_file.h"

namespace interlock::trace {
namespace {

constexpr std::size_t kFlushed = 1 << 20;

// Microseconds, to the nanosecond.
std::string time_text(std::int64_t nanoseconds) {
  const char* const sign = nanoseconds < 0 ? "-" : "";
  const std::int64_t positive = nanoseconds < 0 ? -nanoseconds : nanoseconds;
  return fmt::format("{}{}.{:03}", sign, positive / 1000, positive % 1000);
}

std::string place(const Row& row) {
  return fmt::format("\"pid\":{},\"tid\":{}", row.process, row.thread);
}

}  // namespace

ChromeFile::ChromeFile(const std::string& path, const std::string& metadata)
    : file_(path),
      text_(fmt::format("{{\"displayTimeUnit\":\"ms\",\n\"otherData\":{},\n\"traceEvents\":[", metadata)) {}

void ChromeFile::flush() {
  file_.write(text_.data(), text_.size());
  text_.clear();
}

void ChromeFile::event(const std::string& fields) {
  text_ += events_++ == 0 ? "\n{" : ",\n{";
  text_ += fields;
  text_ += '}';
  if (text_.size() >= kFlushed) flush();
}

void ChromeFile::name_process(int process, const std::string& name) {
  event(
      fmt::format(R"("ph":"M","name":"process_name","pid":{},"args":{{"name":{}}})", process, quoted(name)));
  event(
      fmt::format(R"("ph":"M","name":"process_sort_index","pid":{0},"args":{{"sort_index":{0}}})", process));
}

void ChromeFile::name_row(const Row& row, const std::string& name) {
  event(fmt::format(R"("ph":"M","name":"thread_name",{},"args":{{"name":{}}})", place(row), quoted(name)));
  event(fmt::format(R"("ph":"M","name":"thread_sort_index",{},"args":{{"sort_index":{}}})", place(row),
                    row.thread));
}

void ChromeFile::slice(const Row& row, const std::string& name, const char* category, const char* colour,
                       std::int64_t begin, std::int64_t end, const std::string& arguments) {
  std::string fields = fmt::format(R"("ph":"X","name":{},"cat":"{}",{},"ts":{},"dur":{})", quoted(name),
                                   category, place(row), time_text(begin), time_text(end - begin));
  if (colour != nullptr) fields += fmt::format(R"(,"cname":"{}")", colour);
  if (!arguments.empty()) fields += ",\"args\":" + arguments;
  event(fields);
}

void ChromeFile::arrow(const std::string& name, const Row& from, std::int64_t begin, const Row& to,
                       std::int64_t end) {
  const std::string both = fmt::format(R"("name":{},"cat":"message","id":{})", quoted(name), ++arrows_);
  event(fmt::format(R"("ph":"s",{},{},"ts":{})", both, place(from), time_text(begin)));
  event(fmt::format(R"("ph":"f","bp":"e",{},{},"ts":{})", both, place(to), time_text(end)));
}

void ChromeFile::finish() {
  text_ += "\n]}\n";
  flush();
  file_.commit();
}

}  // namespace interlock::trace
