#include "common/log.h"

#include <memory>

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace interlock {
namespace {

std::shared_ptr<spdlog::logger> make_logger() {
  auto logger = spdlog::stderr_logger_mt("interlock");
  logger->set_pattern("interlock: %v");
  logger->flush_on(spdlog::level::info);
  return logger;
}

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = make_logger();
  return *instance;
}

}  // namespace

void set_log_rank(int rank) {
  logger().set_pattern(fmt::format("interlock: rank {}: %v", rank));
}
void log_info(const std::string& text) {
  logger().info(text);
}
void log_warning(const std::string& text) {
  logger().warn("warning: " + text);
}
void log_error(const std::string& text) {
  logger().error("error: " + text);
}

}  // namespace interlock
