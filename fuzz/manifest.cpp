// Fuzzes a checkpoint's manifest. The first byte of the input is even for the file as it is, odd for its
// content without its checksum, which a fuzzer cannot guess: what lies behind that check must be safe all the
// same.

#include "storage/manifest.h"

#include <nlohmann/json.hpp>

#include "reader.h"
#include "storage/checkpoint.h"
#include "storage/sealed_text.h"

namespace {

using namespace interlock;

void read_file(const std::uint8_t* data, std::size_t size) {
  static const fuzz::Folder folder;
  folder.write("manifest.json", data, size);
  const storage::Manifest manifest = storage::read_manifest(folder.path());
  fuzz::require(manifest.shards.empty(), "a shard that is not there");
}

void read_content(const std::string& text) {
  const nlohmann::json document = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded()) return;
  const storage::Manifest manifest = storage::parse_manifest("fuzz", document);
  fuzz::require(manifest.step >= 0 && manifest.epochs >= 0, "a negative count");
  for (const storage::ShardInfo& shard : manifest.shards)
    fuzz::require(shard.file.find('/') == std::string::npos && shard.file != "..", "a shard elsewhere");
  const std::string written = storage::format_manifest(manifest);
  fuzz::require(storage::format_manifest(
                    storage::parse_manifest("again", storage::unseal("again", written))) == written,
                "a manifest reads back as another one");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_promised_errors([&] {
    if (size == 0) return;
    if (data[0] % 2 == 0) {
      read_file(data + 1, size - 1);
    } else {
      read_content(fuzz::text_of(data + 1, size - 1));
    }
  });
}
