// Fuzzes profile.json, what `interlock profile` writes and schedule.costs names. Numbers that are accepted
// must be in range.

#include <cmath>

#include <nlohmann/json.hpp>

#include "reader.h"
#include "storage/sealed_text.h"
#include "training/profile_file.h"

namespace {

using namespace interlock;

std::string sealed(const std::string& text) {
  const nlohmann::json document = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  return document.is_object() ? storage::seal(document) : text;
}

void read(const std::string& text) {
  static const fuzz::Folder folder;
  const training::Profile profile = training::read_profile(folder.write("profile.json", sealed(text)));
  fuzz::require(profile.micro_batch_size >= 1 && profile.cut.size() == profile.stages.size(),
                "a profile that does not fit together");
  for (const schedule::StageCosts& costs : profile.stages)
    fuzz::require(std::isfinite(costs.forward) && costs.forward >= 0, "a time that is none");
  for (const int layers : profile.cut) fuzz::require(layers >= 1, "a stage without layers");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_promised_errors([&] { read(fuzz::text_of(data, size)); });
}
