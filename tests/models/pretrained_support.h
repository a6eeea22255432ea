#pragma once
// A network, its stages and a file of other weights for it, for the tests of model.init.

#include <algorithm>
#include <string>

#include "common/error.h"
#include "models/pretrained.h"
#include "models_support.h"
#include "storage/safetensors.h"
#include "support/temp_folder.h"

namespace interlock::models {

struct PretrainedNet {
  explicit PretrainedNet(const config::Config& given, const Problem& problem = kImages)
      : config(given), blueprint(blueprint_of(config, problem, true)), stages(build(blueprint, 1)) {
    for (const Stage& other : build(blueprint, 2)) {
      for (const auto& [name, tensor] : other.state()) file.tensors.emplace_back(name, tensor.detach() + 1);
    }
    config.model.init = folder.path_of("w.safetensors");
  }

  at::Tensor& in_file(const std::string& name) {
    const auto found = std::find_if(file.tensors.begin(), file.tensors.end(),
                                    [&](const auto& entry) { return entry.first == name; });
    INFO(name);
    REQUIRE(found != file.tensors.end());
    return found->second;
  }
  void remove(const std::string& prefix) {
    auto& all = file.tensors;
    all.erase(std::remove_if(all.begin(), all.end(),
                             [&](const auto& entry) { return entry.first.rfind(prefix, 0) == 0; }),
              all.end());
  }
  void add(const std::string& name, const at::Tensor& tensor) { file.tensors.emplace_back(name, tensor); }

  void load(const std::string& vocabulary = "") {
    if (!std::filesystem::is_directory(config.model.init))
      storage::write_safetensors(config.model.init, file);
    const InitialWeights initial(config, blueprint, vocabulary);
    for (const Stage& stage : stages) initial.copy_into(stage);
  }
  // The message, having made sure that nothing was loaded.
  std::string refusal(const std::string& vocabulary = "") {
    const std::map<std::string, at::Tensor> now = tensors_of(stages);
    std::map<std::string, at::Tensor> before;
    for (const auto& [name, tensor] : now) before[name] = tensor.clone();
    std::string message = test::message_of<DataError>([&] { load(vocabulary); });
    for (const auto& [name, tensor] : now) CHECK(tensor.equal(before.at(name)));
    return message;
  }
  at::Tensor now(const std::string& name) { return tensors_of(stages).at(name); }
  // Does every tensor whose name starts with `prefix` equal the file's?
  bool loaded(const std::string& prefix) {
    for (const auto& [name, tensor] : tensors_of(stages)) {
      if (name.rfind(prefix, 0) == 0 && !tensor.equal(in_file(name))) return false;
    }
    return true;
  }

  test::TempFolder folder;
  config::Config config;
  Blueprint blueprint;
  std::vector<Stage> stages;
  storage::TensorFile file;
};

// Layers 0 .. 4 in two stages; batch norm has buffers, stage 0 a head.
inline config::Config small_resnet(const std::string& more = "") {
  return parse("model: {kind: resnet, super_blocks: '4,2'" + more +
               "}\npartition: {layers: [2, 3]}\nlearning: {horizon: 1, head: gbpl_fc}");
}

}  // namespace interlock::models
