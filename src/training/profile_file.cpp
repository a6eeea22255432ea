#include "training/profile_file.h"

#include <cstdint>
#include <limits>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/files.h"
#include "storage/sealed_text.h"

namespace interlock::training {
namespace {

using nlohmann::json;
using schedule::StageCosts;

struct Field {
  const char* name;
  double StageCosts::*seconds;
};
constexpr Field kFields[] = {
    {"forward_ms", &StageCosts::forward},
    {"head_ms", &StageCosts::loss},
    {"input_gradient_ms", &StageCosts::input_gradient},
    {"weight_gradient_ms", &StageCosts::weight_gradient},
    {"backward_ms", &StageCosts::backward},
    {"update_ms", &StageCosts::update},
    {"stacked_input_gradient_ms", &StageCosts::stacked_input_gradient},
};

json to_json(const StageCosts& costs) {
  json object;
  for (const Field& field : kFields) object[field.name] = costs.*field.seconds * 1000;
  return object;
}

double milliseconds_of(const json& object, const char* name, const std::string& who) {
  const auto found = object.find(name);
  if (found == object.end()) throw std::runtime_error(fmt::format("{} has no {}", who, name));
  if (!found->is_number()) throw std::runtime_error(fmt::format("{}: {} is no number", who, name));
  const double milliseconds = found->get<double>();
  if (!(milliseconds >= 0)) throw std::runtime_error(fmt::format("{}: {} is {}", who, name, milliseconds));
  return milliseconds;
}

// The JSON library would turn any number into a whole one, and what happens to one that does not fit is
// undefined.
std::int64_t whole_number(const json& value, const char* name, std::int64_t minimum, std::int64_t maximum) {
  const bool whole =
      value.is_number_integer() &&
      (!value.is_number_unsigned() || value.get<std::uint64_t>() <= static_cast<std::uint64_t>(maximum));
  if (!whole || value.get<std::int64_t>() < minimum || value.get<std::int64_t>() > maximum) {
    throw std::runtime_error(fmt::format("{} is no whole number from {} to {}", name, minimum, maximum));
  }
  return value.get<std::int64_t>();
}

json to_json(const ProfiledNetwork& network) {
  return {{"input", network.input},
          {"layers", network.layers},
          {"head", network.head},
          {"precision", network.precision}};
}

ProfiledNetwork network_from(const json& object) {
  ProfiledNetwork network;
  network.input = object.at("input").get<std::string>();
  network.layers = object.at("layers").get<std::vector<std::string>>();
  network.head = object.at("head").get<std::string>();
  network.precision = object.at("precision").get<std::string>();
  return network;
}

StageCosts costs_from(const json& object, const std::string& who) {
  if (!object.is_object()) throw std::runtime_error(who + " is no object");
  StageCosts costs;
  for (const Field& field : kFields) costs.*field.seconds = milliseconds_of(object, field.name, who) / 1000;
  return costs;
}

const json& list_of(const json& document, const char* name) {
  const json& list = document.at(name);
  if (!list.is_array()) throw std::runtime_error(fmt::format("{} is no list", name));
  return list;
}

Profile from_json(const json& document) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  Profile profile;
  if (document.contains("network")) profile.network = network_from(document["network"]);
  profile.micro_batch_size = whole_number(document.at("micro_batch_size"), "micro_batch_size", 1, kMost);
  std::int64_t layers_cut = 0;
  for (const json& count : list_of(document, "cut")) {
    const std::int64_t layers = whole_number(count, "a number in cut", 1, std::numeric_limits<int>::max());
    profile.cut.push_back(static_cast<int>(layers));
    layers_cut += layers;
  }
  for (const json& stage : list_of(document, "stages"))
    profile.stages.push_back(costs_from(stage, fmt::format("stage {}", profile.stages.size())));
  for (const json& object : list_of(document, "layers")) {
    LayerProfile layer;
    layer.costs = costs_from(object, fmt::format("layer {}", profile.layers.size()));
    layer.head_fits = object.at("head_fits").get<bool>();
    layer.parameters = whole_number(object.at("parameters"), "parameters", 0, kMost);
    profile.layers.push_back(layer);
  }
  if (profile.cut.size() != profile.stages.size() ||
      layers_cut != static_cast<std::int64_t>(profile.layers.size())) {
    throw std::runtime_error(fmt::format(
        "its parts do not fit together: a cut of {} layers into {} stages, but {} stages and {} layers",
        layers_cut, profile.cut.size(), profile.stages.size(), profile.layers.size()));
  }
  return profile;
}

}  // namespace

void write_profile(const std::string& path, const Profile& profile) {
  json document;
  if (!profile.network.layers.empty()) document["network"] = to_json(profile.network);
  document["micro_batch_size"] = profile.micro_batch_size;
  document["cut"] = profile.cut;
  for (const StageCosts& stage : profile.stages) document["stages"].push_back(to_json(stage));
  for (const LayerProfile& layer : profile.layers) {
    json object = to_json(layer.costs);
    object["head_fits"] = layer.head_fits;
    object["parameters"] = layer.parameters;
    document["layers"].push_back(std::move(object));
  }
  write_file_atomically(path, storage::seal(document));
}

namespace {

// One that was written by hand, for a machine that is not there: it has no checksum, and nothing else that is
// unknown.
bool is_made_by_hand(const std::string& text) {
  const json document = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return false;
  const auto known = [](const auto& member) {
    for (const char* name : {"network", "micro_batch_size", "cut", "stages", "layers"}) {
      if (member.key() == name) return true;
    }
    return false;
  };
  for (const auto& member : document.items()) {
    if (!known(member)) return false;
  }
  return true;
}

}  // namespace

Profile read_profile(const std::string& path) {
  std::string text;
  std::string reason;
  if (!read_file(path, text, reason)) {
    throw UsageError(fmt::format("schedule.costs: {}: {}; write it with `interlock profile CONFIG --out {}`",
                                 path, reason, path));
  }
  try {
    return from_json(is_made_by_hand(text) ? json::parse(text) : storage::unseal(path, text));
  } catch (const DataError& damage) {
    throw DataError(fmt::format(
        "{}; write it again with `interlock profile CONFIG --out {}`, or, if you have edited it, take its "
        "\"checksum\" out",
        damage.what(), path));
  } catch (const std::exception& fault) {
    throw DataError(fmt::format("{}: is no profile of `interlock profile`: {}", path, fault.what()));
  }
}

}  // namespace interlock::training
