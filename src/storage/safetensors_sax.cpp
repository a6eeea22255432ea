#include "storage/safetensors_sax.h"

#include <array>
#include <limits>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "storage/input_file.h"

namespace interlock::storage {
namespace {

constexpr std::size_t kMostDimensions = 64;  // as many as torch computes with

// One callback a token. A DOM would keep the last of two equal names; callbacks see both.
class HeaderParser : public nlohmann::json::json_sax_t {
 public:
  HeaderParser(const std::string& path, const std::string& text) : path_(path), stream_(text) {}

  SafetensorsHeader parse() {
    nlohmann::json::sax_parse(stream_, this);
    return std::move(header_);
  }

  bool start_object(std::size_t /*size*/) override {
    if (place_ == Place::kOutside) {
      place_ = Place::kFile;
    } else if (place_ == Place::kFile) {
      place_ = key_ == "__metadata__" ? Place::kMetadata : Place::kTensor;
      keys_.clear();
    } else {
      refuse("an object");
    }
    return true;
  }

  bool key(std::string& name) override {
    const bool fresh = place_ == Place::kFile ? names_.insert(name).second : keys_.insert(name).second;
    if (!fresh) fail(fmt::format("the name '{}' is given twice", name));
    if (place_ == Place::kFile) {
      entry_ = TensorEntry{};
      entry_.name = name;
      entry_.where = offset();
    } else if (place_ == Place::kTensor && name != "dtype" && name != "shape" && name != "data_offsets") {
      fail(fmt::format("tensor '{}': unknown key '{}'; a tensor has dtype, shape and data_offsets",
                       entry_.name, name));
    }
    key_ = name;
    return true;
  }

  bool end_object() override {
    if (place_ == Place::kTensor) {
      for (const char* required : {"dtype", "shape", "data_offsets"}) {
        if (keys_.count(required) == 0) fail(fmt::format("tensor '{}' has no {}", entry_.name, required));
      }
      header_.tensors.push_back(entry_);
    }
    place_ = place_ == Place::kFile ? Place::kOutside : Place::kFile;
    return true;
  }

  bool start_array(std::size_t /*size*/) override {
    if (place_ != Place::kTensor || key_ == "dtype") refuse("an array");
    place_ = key_ == "shape" ? Place::kShape : Place::kOffsets;
    numbers_.clear();
    return true;
  }

  bool end_array() override {
    if (place_ == Place::kShape) {
      entry_.shape.assign(numbers_.begin(), numbers_.end());
    } else {
      if (numbers_.size() != 2)
        fail(fmt::format("tensor '{}': data_offsets must be two numbers", entry_.name));
      entry_.begin = numbers_[0];
      entry_.end = numbers_[1];
    }
    place_ = Place::kTensor;
    return true;
  }

  bool number_unsigned(std::uint64_t number) override {
    if (place_ != Place::kShape && place_ != Place::kOffsets) refuse("a number");
    if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      fail(fmt::format("tensor '{}': {} is too large a number for {}", entry_.name, number, key_));
    }
    if (numbers_.size() == kMostDimensions)
      fail(fmt::format("tensor '{}': {} has more than {} numbers", entry_.name, key_, kMostDimensions));
    numbers_.push_back(number);
    return true;
  }

  bool string(std::string& text) override {
    if (place_ == Place::kMetadata) {
      header_.metadata[key_] = text;
      return true;
    }
    if (place_ != Place::kTensor || key_ != "dtype") refuse("a string");
    const std::optional<ElementType> type = element_named(text);
    if (!type) fail(fmt::format("tensor '{}': dtype '{}' is not supported", entry_.name, text));
    entry_.type = *type;
    return true;
  }

  bool null() override { refuse("null"); }
  bool boolean(bool /*value*/) override { refuse("true or false"); }
  bool number_integer(std::int64_t /*value*/) override { refuse("a negative number"); }
  bool number_float(double /*value*/, const std::string& /*text*/) override {
    refuse("a number with a fraction");
  }
  bool binary(nlohmann::json::binary_t& /*value*/) override { refuse("binary data"); }

  bool parse_error(std::size_t position, const std::string& token,
                   const nlohmann::json::exception& /*exception*/) override {
    fail_at(path_, kLengthBytes + position - 1, fmt::format("the header is not valid JSON near '{}'", token));
  }

 private:
  enum class Place { kOutside, kFile, kMetadata, kTensor, kShape, kOffsets };

  // The byte after the token just read, give or take the one the parser looked ahead.
  std::uint64_t offset() {
    return kLengthBytes +
           static_cast<std::uint64_t>(stream_.rdbuf()->pubseekoff(0, std::ios::cur, std::ios::in));
  }
  [[noreturn]] void fail(const std::string& problem) { fail_at(path_, offset(), problem); }
  [[noreturn]] void refuse(const char* what) {
    static constexpr std::array<const char*, 6> kExpected = {
        "an object",                                    // kOutside
        "an object with dtype, shape, data_offsets",    // kFile
        "a string: metadata are pairs of strings",      // kMetadata
        "a dtype string or an array of whole numbers",  // kTensor
        "a whole number",                               // kShape
        "a whole number"};                              // kOffsets
    fail(fmt::format("'{}' holds {} instead of {}", key_, what, kExpected[static_cast<std::size_t>(place_)]));
  }

  const std::string& path_;
  std::istringstream stream_;
  SafetensorsHeader header_;
  Place place_ = Place::kOutside;
  std::string key_;                     // the last one
  std::set<std::string> names_;         // of tensors, and "__metadata__"
  std::set<std::string> keys_;          // of the current inner object
  TensorEntry entry_;                   // the current tensor
  std::vector<std::uint64_t> numbers_;  // of the current array
};

}  // namespace

SafetensorsHeader parse_safetensors_json(const std::string& path, const std::string& text) {
  if (text.empty() || text.front() != '{') fail_at(path, kLengthBytes, "the header does not start with '{'");
  // The JSON library takes a zero byte for the end of its input.
  const std::size_t zero = text.find('\0');
  if (zero != std::string::npos) fail_at(path, kLengthBytes + zero, "a zero byte in the header");
  return HeaderParser(path, text).parse();
}

}  // namespace interlock::storage
