#include "storage/sealed_text.h"

#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <xxhash.h>

#include "common/error.h"
#include "storage/input_file.h"

namespace interlock::storage {
namespace {

using nlohmann::json;

// As dump(2) writes a member of the outermost object; inside a string the quotes would be escaped.
const std::string kMember = "\n  \"checksum\": \"";
constexpr std::size_t kDigits = 32;

std::string digits_of(const std::string& text) {
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

json parse(const std::string& path, const std::string& text) {
  try {
    json document = json::parse(text);
    if (!document.is_object()) fail_at(path, 0, "damaged: not a JSON object");
    return document;
  } catch (const json::parse_error& problem) {
    fail_at(path, problem.byte == 0 ? 0 : problem.byte - 1, "damaged: not valid JSON; is the file complete?");
  } catch (const json::exception&) {
    fail_at(path, 0, "damaged: a number in it is beyond any that this program writes");
  }
}

bool has_no_checksum_yet(const json& document) {
  const auto version = document.find("version");
  return version != document.end() && *version == 1 && document.count("checksum") == 0;
}

}  // namespace

std::string seal(const json& document) {
  json with_place = document;
  with_place["checksum"] = std::string(kDigits, '0');
  std::string text = with_place.dump(2) + "\n";
  const std::size_t place = text.find(kMember);
  INTERLOCK_CHECK(place != std::string::npos, "a sealed document has a place for its checksum");
  return text.replace(place + kMember.size(), kDigits, digits_of(text));
}

json unseal(const std::string& path, const std::string& text) {
  const std::size_t member = text.find(kMember);
  const std::size_t place = member + kMember.size();
  if (member == std::string::npos || text.size() < place + kDigits) {
    json document = parse(path, text);
    if (has_no_checksum_yet(document)) return document;
    fail_at(path, 0, "damaged: it has no checksum of itself");
  }
  std::string blank = text;
  blank.replace(place, kDigits, kDigits, '0');
  const std::string found = digits_of(blank);
  if (text.compare(place, kDigits, found) != 0) {
    (void)parse(path, text);  // says where, if it can
    fail_at(
        path, 0,
        fmt::format("damaged: the checksum of its {} bytes is {}, and at byte {} it says {}", text.size(),
                    found, place,
                    json(text.substr(place, kDigits)).dump(-1, ' ', true, json::error_handler_t::replace)));
  }
  json document = parse(path, text);
  document.erase("checksum");
  return document;
}

json read_sealed(const std::string& path, std::uint64_t most_bytes) {
  InputFile file(path, Links::kRefuse);
  if (file.size() > most_bytes) {
    file.fail(most_bytes, fmt::format("{} bytes are more than the {} that such a file may have", file.size(),
                                      most_bytes));
  }
  std::string text(file.size(), '\0');
  file.read(text.data(), text.size());
  return unseal(path, text);
}

}  // namespace interlock::storage
