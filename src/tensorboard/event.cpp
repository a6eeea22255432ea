#include "tensorboard/event.h"

#include <cstring>

#include "tensorboard/crc32c.h"

namespace interlock::tensorboard {
namespace {

// Protocol buffers: a message is its fields, each a key (number and kind of encoding) and a value.
enum Encoding : std::uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

void add_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

void add_key(std::string& out, std::uint32_t field, Encoding encoding) {
  add_varint(out, field << 3 | encoding);
}

void add_number(std::string& out, std::uint32_t field, std::uint64_t value) {
  add_key(out, field, kVarint);
  add_varint(out, value);
}

void add_bytes(std::string& out, std::uint32_t field, std::string_view bytes) {
  add_key(out, field, kBytes);
  add_varint(out, bytes.size());
  out += bytes;
}

// Little-endian, as this program's machines are.
template <class Value>
void add_raw(std::string& out, Value value) {
  char bytes[sizeof(value)];
  std::memcpy(bytes, &value, sizeof(value));
  out.append(bytes, sizeof(value));
}

// Event: wall_time 1, step 2, file_version 3, summary 5, session_log 7.
std::string event(double time, std::int64_t step, std::uint32_t field, std::string_view content) {
  std::string out;
  add_key(out, 1, kFixed64);
  add_raw(out, time);
  add_number(out, 2, static_cast<std::uint64_t>(step));
  add_bytes(out, field, content);
  return out;
}

}  // namespace

std::string version_event(double time) {
  // Version 2: steps that are repeated are told by start events, not guessed.
  return event(time, 0, 3, "brain.Event:2");
}

std::string start_event(double time, std::int64_t step) {
  std::string session;  // SessionLog: status 1, of which START is 1
  add_number(session, 1, 1);
  return event(time, step, 7, session);
}

std::string scalars_event(double time, std::int64_t step, const std::vector<Scalar>& scalars) {
  std::string summary;  // Summary: value 1; Value: tag 1, simple_value 2
  std::string value;
  for (const Scalar& scalar : scalars) {
    value.clear();
    add_bytes(value, 1, scalar.tag);
    add_key(value, 2, kFixed32);
    add_raw(value, static_cast<float>(scalar.value));
    add_bytes(summary, 1, value);
  }
  return event(time, step, 5, summary);
}

std::string text_event(double time, std::int64_t step, std::string_view tag, std::string_view markdown) {
  constexpr std::uint64_t kString = 7;  // DataType
  std::string plugin, metadata, tensor, value, summary;
  add_bytes(plugin, 1, "text");    // PluginData: plugin_name 1
  add_bytes(metadata, 1, plugin);  // SummaryMetadata: plugin_data 1
  add_number(tensor, 1, kString);  // TensorProto: dtype 1, tensor_shape 2, string_val 8
  add_bytes(tensor, 2, "");        // a single one
  add_bytes(tensor, 8, markdown);
  add_bytes(value, 1, tag);  // Value: tag 1, tensor 8, metadata 9
  add_bytes(value, 8, tensor);
  add_bytes(value, 9, metadata);
  add_bytes(summary, 1, value);
  return event(time, step, 5, summary);
}

std::string record(std::string_view event) {
  std::string out;
  out.reserve(event.size() + 16);
  add_raw(out, static_cast<std::uint64_t>(event.size()));
  add_raw(out, masked_crc32c(out));
  out += event;
  add_raw(out, masked_crc32c(event));
  return out;
}

}  // namespace interlock::tensorboard
