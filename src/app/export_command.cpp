#include <filesystem>

#include <fmt/format.h>

#include "app/commands.h"
#include "common/error.h"
#include "models/weights.h"
#include "storage/checkpoint.h"
#include "training/stage_checkpoint.h"

namespace interlock::app {
namespace {

std::string checkpoint_of(const std::string& run) {
  if (std::filesystem::exists(run + "/manifest.json")) return run;
  const std::string found = storage::latest_checkpoint(run);
  if (found.empty())
    throw DataError(
        fmt::format("{}: no checkpoint here; give a run's folder (runs/<name>) or a checkpoint's", run));
  return found;
}

// The names of a ResNet's tensors under torchvision's naming; heads are left out, they have no place there.
storage::TensorFile rename_to_torchvision(const storage::TensorFile& weights, const std::string& run) {
  const std::string config_file = run + "/config.yaml";
  if (!std::filesystem::exists(config_file))
    throw DataError(fmt::format("{}: not found; --format torchvision needs a run's folder", config_file));
  const config::Config config = config::load_config(config_file, {});
  if (config.model.kind != config::ModelKind::kResnet) {
    throw UsageError(fmt::format("--format torchvision: {} is not a ResNet (model.kind: resnet)", run));
  }
  // Names do not depend on sizes, so any image will do.
  const models::Network network = models::describe_network(config, {{3, 32, 32}, {}, 1, false});
  storage::TensorFile renamed;
  renamed.metadata = weights.metadata;
  for (const auto& [name, tensor] : weights.tensors) {
    const std::string torchvision = models::torchvision_name(network, name);
    if (!torchvision.empty()) renamed.tensors.emplace_back(torchvision, tensor);
  }
  return renamed;
}

}  // namespace

int export_command(const ExportArguments& arguments) {
  const std::string checkpoint = checkpoint_of(arguments.run);
  storage::TensorFile weights = training::read_checkpoint_weights(checkpoint);
  if (arguments.format == "torchvision") weights = rename_to_torchvision(weights, arguments.run);
  storage::write_safetensors(arguments.out, weights);
  fmt::print("{} tensors from {} to {}\n", weights.tensors.size(), checkpoint, arguments.out);
  return 0;
}

}  // namespace interlock::app
