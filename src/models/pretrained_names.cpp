#include "models/pretrained_names.h"

#include <algorithm>
#include <charconv>
#include <functional>

#include <fmt/format.h>

#include "common/error.h"
#include "common/text.h"
#include "config/names.h"
#include "models/gpt2_names.h"
#include "models/weights.h"

namespace interlock::models {
namespace {

std::string without_prefix(const std::string& name, const std::string& prefix) {
  return starts_with(name, prefix) ? name.substr(prefix.size()) : name;
}

bool any_name(const storage::TensorFile& file, const std::function<bool(const std::string&)>& is_it) {
  return std::any_of(file.tensors.begin(), file.tensors.end(),
                     [&](const auto& entry) { return is_it(entry.first); });
}

bool has_our_names(const storage::TensorFile& file) {
  return any_name(file, [](const std::string& name) {
    return starts_with(name, "layers.") || starts_with(name, "heads.");
  });
}

bool has_torchvision_names(const storage::TensorFile& file) {
  return file.find("conv1.weight") != nullptr &&
         any_name(file, [](const std::string& name) { return starts_with(name, "layer1."); });
}

bool has_gpt2_names(const storage::TensorFile& file) {
  return any_name(file, [](const std::string& name) {
    const std::string rest = without_prefix(name, kGpt2Prefix);
    return rest == "wte.weight" || starts_with(rest, "h.0.");
  });
}

// Splits "h.12.ln_1.weight" into 12 and "ln_1.weight".
bool split_block_name(const std::string& name, int& block, std::string& rest) {
  if (!starts_with(name, "h.")) return false;
  const char* const end = name.data() + name.size();
  const auto number = std::from_chars(name.data() + 2, end, block);
  const bool sane = number.ec == std::errc() && 0 <= block && block < 1'000'000;
  if (!sane || number.ptr == end || *number.ptr != '.') return false;
  rest.assign(number.ptr + 1, end);
  return true;
}

class Renaming {
 public:
  Renaming(std::string naming, const std::string& path) : path_(path) { result_.naming = std::move(naming); }

  void add(const std::string& ours, const std::string& theirs, const at::Tensor& tensor) {
    const auto [place, is_new] = result_.tensors.emplace(ours, RenamedTensor{theirs, tensor});
    if (is_new) return;
    throw DataError(fmt::format("{}: '{}' and '{}' are the same tensor", path_, place->second.name, theirs));
  }
  RenamedTensors take() { return std::move(result_); }

 private:
  const std::string& path_;
  RenamedTensors result_;
};

void rename_gpt2(const storage::TensorFile& file, int output_layer, Renaming& renaming) {
  const std::string projection = fmt::format("layers.{}.projection.weight", output_layer);
  const std::map<std::string, std::string> outside_blocks = {
      {"wte.weight", "layers.0.token.weight"},
      {"wpe.weight", "layers.0.position.weight"},
      {"ln_f.weight", fmt::format("layers.{}.norm.weight", output_layer)},
      {"ln_f.bias", fmt::format("layers.{}.norm.bias", output_layer)},
      {"lm_head.weight", projection}};
  bool has_projection = false;
  RenamedTensor embedding;
  for (const auto& [name, tensor] : file.tensors) {
    const std::string plain = without_prefix(name, kGpt2Prefix);
    const auto outside = outside_blocks.find(plain);
    if (outside != outside_blocks.end()) {
      renaming.add(outside->second, name, tensor);
      if (outside->second == projection) has_projection = true;
      if (plain == "wte.weight") embedding = {name, tensor};
      continue;
    }
    int block = 0;
    std::string rest;
    const bool in_block = split_block_name(plain, block, rest);
    if (in_block && (rest == "attn.bias" || rest == "attn.masked_bias"))
      continue;  // the causal mask, no weight
    const auto part = std::find_if(std::begin(kGpt2BlockParts), std::end(kGpt2BlockParts),
                                   [&](const Gpt2Part& known) { return rest == known.theirs; });
    if (!in_block || part == std::end(kGpt2BlockParts)) {
      renaming.add(name, name, tensor);
    } else {
      renaming.add(fmt::format("layers.{}.{}", block + 1, part->ours), name,
                   part->transposed && tensor.dim() == 2 ? tensor.t() : tensor);
    }
  }
  if (!has_projection && embedding.tensor.defined())
    renaming.add(projection, embedding.name, embedding.tensor);
}

void rename_torchvision(const storage::TensorFile& file, const Network& network,
                        const std::vector<std::string>& expected, Renaming& renaming) {
  std::map<std::string, std::string> ours;
  for (const std::string& name : expected) ours[torchvision_name(network, name)] = name;
  for (const auto& [name, tensor] : file.tensors) {
    const auto known = ours.find(name);
    renaming.add(known == ours.end() ? name : known->second, name, tensor);
  }
}

[[noreturn]] void refuse_kind(const std::string& path, const std::string& whose,
                              const config::Config& config) {
  throw DataError(fmt::format("{}: has the names of {}, but model.kind is {}", path, whose,
                              config::name_of(config::model_kinds(), config.model.kind)));
}

}  // namespace

RenamedTensors with_our_names(const storage::TensorFile& file, const std::string& path,
                              const config::Config& config, const Network& network,
                              const std::vector<std::string>& expected) {
  if (has_our_names(file)) {
    Renaming renaming("interlock", path);
    for (const auto& [name, tensor] : file.tensors) renaming.add(name, name, tensor);
    return renaming.take();
  }
  if (has_torchvision_names(file)) {
    if (network.torchvision_prefixes.empty()) refuse_kind(path, "a ResNet of torchvision", config);
    Renaming renaming("torchvision", path);
    rename_torchvision(file, network, expected, renaming);
    return renaming.take();
  }
  if (has_gpt2_names(file)) {
    if (config.model.kind != config::ModelKind::kTransformerLm)
      refuse_kind(path, "a GPT-2 of Hugging Face", config);
    Renaming renaming("GPT-2", path);
    rename_gpt2(file, static_cast<int>(network.layers.size()) - 1, renaming);
    return renaming.take();
  }
  std::vector<std::string> some;
  for (std::size_t i = 0; i < file.tensors.size() && i < 3; ++i)
    some.push_back("'" + file.tensors[i].first + "'");
  throw DataError(fmt::format(
      "{}: {}; model.init knows the names of `interlock export`, of torchvision's ResNets and "
      "of Hugging Face's GPT-2",
      path,
      some.empty() ? "holds no tensors" : "the names of its tensors are not known: " + join(some, ", ")));
}

}  // namespace interlock::models
