#include "runs/metrics.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/error.h"

namespace interlock::runs {
namespace {

using nlohmann::json;

// An open file; its bytes from some place on.
class File {
 public:
  explicit File(const std::string& path)
      : path_(path), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ < 0) fail();
    if (::fstat(descriptor_, &status_) != 0) status_.st_size = 0;  // cannot be for an open file
  }
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] std::uint64_t inode() const { return status_.st_ino; }
  [[nodiscard]] std::uint64_t size() const { return static_cast<std::uint64_t>(status_.st_size); }

  [[nodiscard]] std::string read_from(std::uint64_t offset) const {
    std::string bytes(size() - offset, '\0');
    std::size_t count = 0;
    while (count < bytes.size()) {
      const ssize_t got = ::pread(descriptor_, bytes.data() + count, bytes.size() - count,
                                  static_cast<off_t>(offset + count));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail();
      if (got == 0) break;
      count += static_cast<std::size_t>(got);
    }
    bytes.resize(count);
    return bytes;
  }

 private:
  [[noreturn]] void fail() const {
    throw IoError(fmt::format("{}: cannot read: {}", path_, std::strerror(errno)));
  }

  const std::string& path_;
  int descriptor_;
  struct stat status_ {};
};

double number(const json& line, const char* field) {
  const auto found = line.find(field);
  return found == line.end() || found->is_null() ? kNone : found->get<double>();
}

template <class Integer>
Integer whole(const json& line, const char* field) {
  const auto found = line.find(field);
  return found == line.end() || found->is_null() ? Integer{0} : found->get<Integer>();
}

PerStage list(const json& line, const char* field) {
  PerStage values;
  const auto found = line.find(field);
  if (found == line.end() || found->is_null()) return values;
  if (!found->is_array()) throw DataError(fmt::format("`{}` is no list", field));
  for (const json& value : *found) values.push_back(value.is_null() ? kNone : value.get<double>());
  return values;
}

Step step_of(const json& line) {
  Step step;
  step.step = whole<std::int64_t>(line, "step");
  step.epoch = whole<std::int64_t>(line, "epoch");
  step.time = number(line, "time");
  step.loss = list(line, "loss");
  step.busy_fraction = list(line, "busy_fraction");
  step.memory_mebibytes = list(line, "memory_mebibytes");
  step.accuracy = number(line, "accuracy");
  step.lr = number(line, "lr");
  step.step_seconds = number(line, "step_seconds");
  step.samples_per_second = number(line, "samples_per_second");
  step.tokens_per_second = number(line, "tokens_per_second");
  step.left_out = line.value("left_out", false);
  return step;
}

Epoch epoch_of(const json& line) {
  Epoch epoch;
  epoch.step = whole<std::int64_t>(line, "step");
  epoch.epoch = whole<std::int64_t>(line, "epoch");
  epoch.time = number(line, "time");
  epoch.loss = list(line, "loss");
  epoch.accuracy = list(line, "accuracy");
  epoch.busy_fraction = list(line, "busy_fraction");
  epoch.seconds = number(line, "seconds");
  epoch.samples_per_second = number(line, "samples_per_second");
  return epoch;
}

Evaluation evaluation_of(const json& line) {
  Evaluation evaluation;
  evaluation.step = whole<std::int64_t>(line, "step");
  evaluation.epoch = whole<std::int64_t>(line, "epoch");
  evaluation.time = number(line, "time");
  evaluation.loss = list(line, "loss");
  evaluation.accuracy = list(line, "accuracy");
  evaluation.perplexity = list(line, "perplexity");
  return evaluation;
}

Event event_of(const json& line) {
  Event event;
  event.event = line.value("event", "");
  event.step = whole<std::int64_t>(line, line.contains("steps") ? "steps" : "step");
  event.time = number(line, "time");
  event.stages = whole<int>(line, "stages");
  event.horizon = whole<int>(line, "horizon");
  event.micro_batches = whole<int>(line, "micro_batches");
  event.seconds = number(line, "seconds");
  event.cpu_seconds = list(line, "cpu_seconds");
  event.peak_memory_mebibytes = list(line, "peak_memory_mebibytes");
  event.sent_bytes = list(line, "sent_bytes");
  event.peak_activation_bytes = list(line, "peak_activation_bytes");
  event.blocked_seconds = number(line, "blocked_seconds");
  event.bytes = number(line, "bytes");
  return event;
}

template <class Entry>
void append(std::vector<Entry>& entries, Entry&& entry, int attempt) {
  entry.attempt = attempt;
  entries.push_back(std::forward<Entry>(entry));
}

void add(const json& line, int& attempt, Metrics& metrics) {
  const std::string kind = line.at("kind").get<std::string>();
  if (kind == "step") return append(metrics.steps, step_of(line), attempt);
  if (kind == "epoch") return append(metrics.epochs, epoch_of(line), attempt);
  if (kind == "eval") return append(metrics.evaluations, evaluation_of(line), attempt);
  if (kind != "run") return;
  Event event = event_of(line);
  if (event.event == "start") ++attempt;
  append(metrics.events, std::move(event), attempt);
}

// Nothing, a line cut short, or zeros that a file system leaves after a power failure.
bool is_torn(std::string_view text) {
  const std::size_t start = text.find_first_not_of(" \t\r");
  return start == std::string_view::npos || text[start] == '{' || text[start] == '\0';
}

}  // namespace

MetricsFollower::MetricsFollower(std::string path, std::uint64_t last_bytes)
    : path_(std::move(path)), last_bytes_(last_bytes) {}

bool MetricsFollower::poll(Metrics& metrics) {
  const File file(path_);
  if (file.inode() != inode_ || file.size() < offset_) {
    inode_ = file.inode();
    offset_ = file.size() > last_bytes_ ? file.size() - last_bytes_ : 0;
    line_ = attempt_ = 0;
    metrics = {};
  }
  const bool within_a_line = offset_ > 0 && line_ == 0;  // its rest is no line
  const std::string bytes = file.read_from(offset_);
  std::size_t begin = within_a_line ? bytes.find('\n') + 1 : 0;
  for (std::size_t end; (end = bytes.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string_view text(bytes.data() + begin, end - begin);
    ++line_;
    const json line = json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (line.is_discarded() && is_torn(text)) continue;
    try {
      if (!line.is_object()) throw DataError("it is no JSON object");
      add(line, attempt_, metrics);
    } catch (const std::exception& error) {
      throw DataError(
          fmt::format("{} line {}: not metrics as interlock writes them: {}", path_, line_, error.what()));
    }
  }
  offset_ += begin;
  return begin > 0;
}

Metrics read_metrics(const std::string& path) {
  Metrics metrics;
  MetricsFollower(path).poll(metrics);
  return metrics;
}

}  // namespace interlock::runs
