#include "watch/message.h"

#include <algorithm>
#include <unistd.h>

#include "common/clock.h"
#include "schedule/protocol.h"

namespace interlock::watch {

Message own_message(Kind kind) {
  Message message;
  message.kind = kind;
  message.activity = own_activity();
  const double now = monotonic_seconds();
  message.since = now - message.activity.since;
  message.saving = now - message.activity.saving_since;
  gethostname(message.host.data(), message.host.size() - 1);
  return message;
}

std::string encode(const Message& message, const std::string& text) {
  return schedule::encode(message) + text;
}

Message decode(const std::string& bytes, std::string& text) {
  const std::size_t size = std::min(bytes.size(), sizeof(Message));
  text = bytes.substr(size);
  return schedule::decode<Message>(bytes.substr(0, size));
}

Activity received_activity(const Message& message, double now) {
  Activity activity = message.activity;
  activity.since = now - message.since;
  activity.saving_since = now - message.saving;
  return activity;
}

}  // namespace interlock::watch
