#include "common/log.h"

#include <memory>
#include <unistd.h>

#include <fmt/format.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "common/append_file.h"
#include "common/log_file.h"

namespace interlock {
namespace {

constexpr const char* kTimed = "%Y-%m-%d %H:%M:%S.%e  %v";
constexpr std::size_t kMostKept = 1000;  // lines, until the file is open; who never opens one loses nothing

class FileSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  FileSink() { set_pattern(kTimed); }

  void open(const std::string& path, const std::string& first_line) {
    const std::lock_guard lock(mutex_);
    if (opened_) return;
    opened_ = true;
    std::string text = first_line;
    for (const std::string& line : kept_) text += line;
    kept_.clear();
    if (tell(file_.open(path))) tell(file_.write(text));
  }

  std::string timed(const std::string& text) {
    const std::lock_guard lock(mutex_);
    spdlog::memory_buf_t line;
    formatter_->format({"interlock", spdlog::level::info, text}, line);
    return fmt::to_string(line);
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    if (file_.is_open())
      tell(file_.write(fmt::to_string(line)));
    else if (!opened_ && kept_.size() < kMostKept)
      kept_.push_back(fmt::to_string(line));
  }

  void flush_() override {}

  // Not through the logger, which is in the middle of a line. True where there is nothing to tell.
  static bool tell(const std::string& failure) {
    if (failure.empty()) return true;
    fmt::print(stderr, "interlock: warning: {}; log lines are no longer kept there\n", failure);
    return false;
  }

  AppendFile file_;
  bool opened_ = false;
  std::vector<std::string> kept_;
};

struct Loggers {
  std::shared_ptr<spdlog::sinks::stderr_sink_mt> screen = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  std::shared_ptr<FileSink> file = std::make_shared<FileSink>();
  spdlog::logger both{"interlock", {screen, file}};
  spdlog::logger only_file{"file", file};
  std::mutex mutex;  // guards the listener
  std::function<void(const std::string&)> listener;

  Loggers() {
    screen->set_pattern("interlock: %v");
    both.flush_on(spdlog::level::info);
  }

  void tell_listener(const std::string& text) {
    const std::lock_guard lock(mutex);
    if (listener) listener(text);
  }
};

// Never destroyed: other threads may log while the process leaves.
Loggers& loggers() {
  static auto* const instance = new Loggers;
  return *instance;
}

}  // namespace

void set_log_rank(int rank) {
  loggers().screen->set_pattern(fmt::format("interlock: rank {}: %v", rank));
}

void log_info(const std::string& text) {
  loggers().both.info(text);
}

void log_warning(const std::string& text) {
  loggers().both.warn("warning: " + text);
  loggers().tell_listener("warning: " + text);
}

void log_error(const std::string& text) {
  loggers().both.error("error: " + text);
  loggers().tell_listener("error: " + text);
}

void open_log_file(const std::string& path) {
  char host[256] = {};
  gethostname(host, sizeof(host) - 1);
  FileSink& file = *loggers().file;
  file.open(path, file.timed(fmt::format("--- start: process {} on {} ---", getpid(), host)));
}

void note_in_log_file(const std::string& text) {
  loggers().only_file.info(text);
}

void listen_to_warnings(std::function<void(const std::string& text)> listener) {
  const std::lock_guard lock(loggers().mutex);
  loggers().listener = std::move(listener);
}

}  // namespace interlock
