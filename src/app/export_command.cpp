#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "common/atomic_file.h"
#include "common/error.h"
#include "common/files.h"
#include "common/path_advice.h"
#include "models/gpt2_names.h"
#include "models/weights.h"
#include "storage/checkpoint.h"
#include "training/stage_checkpoint.h"

namespace interlock::app {
namespace {

struct ExportArguments {
  std::string run;  // a run's folder or a checkpoint's
  std::string out;
  std::string format = "interlock";  // torchvision or gpt2
  std::string checkpoint;            // of the run: a folder or "best"; "": the newest
};

std::string checkpoint_of(const ExportArguments& arguments) {
  const std::string& run = arguments.run;
  if (arguments.checkpoint == "best") {
    const std::string best = storage::best_checkpoint(run);
    if (best.empty())
      throw DataError(fmt::format("--checkpoint best: none was noted in {}; train with run.keep_best=true",
                                  storage::checkpoints_directory(run)));
    return best;
  }
  const std::string& folder = arguments.checkpoint.empty() ? run : arguments.checkpoint;
  const std::string found = storage::checkpoint_in(folder);
  if (found.empty())
    throw DataError(
        fmt::format("{}: no checkpoint here; give a run's folder (runs/<name>) or a checkpoint's{}", folder,
                    advice_on_missing(folder)));
  return found;
}

config::Config config_of_run(const std::string& run, const std::string& format) {
  const std::string file = run + "/config.yaml";
  if (!std::filesystem::exists(file))
    throw DataError(fmt::format("{}: not found; --format {} needs a run's folder", file, format));
  return config::load_config(file, {});
}

// The names of a ResNet's tensors under torchvision's naming; heads are left out, they have no place there.
storage::TensorFile rename_to_torchvision(const storage::TensorFile& weights, const std::string& run) {
  const config::Config config = config_of_run(run, "torchvision");
  if (config.model.kind != config::ModelKind::kResnet) {
    throw UsageError(fmt::format(
        "--format torchvision: {} is not a ResNet (model.kind: resnet); --format interlock takes any network",
        run));
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

// A folder as GPT2LMHeadModel.from_pretrained() reads it: weights and what the network looks like.
void export_gpt2(const storage::TensorFile& weights, const std::string& run, const std::string& folder) {
  const config::Config config = config_of_run(run, "gpt2");
  const config::ModelConfig& model = config.model;
  if (model.kind != config::ModelKind::kTransformerLm || model.positions != config::PositionKind::kLearned) {
    throw UsageError(
        fmt::format("--format gpt2: {} is no language model with learned positions (model.kind: "
                    "transformer_lm); --format interlock takes "
                    "any network",
                    run));
  }
  const at::Tensor* const tokens = weights.find("layers.0.token.weight");
  if (tokens == nullptr) throw DataError(fmt::format("{}: the checkpoint has no token embedding", run));
  const nlohmann::ordered_json shape = {{"architectures", {"GPT2LMHeadModel"}},
                                        {"model_type", "gpt2"},
                                        {"vocab_size", tokens->size(0)},
                                        {"n_positions", config.data.context},
                                        {"n_embd", model.width},
                                        {"n_layer", model.blocks},
                                        {"n_head", model.attention_heads},
                                        {"n_inner", model.hidden > 0 ? model.hidden : 4 * model.width},
                                        {"activation_function", "gelu_new"},
                                        {"layer_norm_epsilon", 1e-5},
                                        {"embd_pdrop", model.dropout},
                                        {"resid_pdrop", model.dropout},
                                        {"attn_pdrop", 0.0},
                                        {"tie_word_embeddings", model.tied}};
  make_directories(folder);
  storage::write_safetensors(
      folder + "/model.safetensors",
      models::with_gpt2_names(weights, static_cast<int>(model.blocks) + 1, model.tied));
  write_file_atomically(folder + "/config.json", shape.dump(2) + "\n");
}

int export_command(const ExportArguments& arguments) {
  const std::string checkpoint = checkpoint_of(arguments);
  storage::TensorFile weights = training::read_checkpoint_weights(checkpoint);
  if (arguments.format == "torchvision") weights = rename_to_torchvision(weights, arguments.run);
  if (arguments.format == "gpt2") {
    export_gpt2(weights, arguments.run, arguments.out);
  } else {
    storage::write_safetensors(arguments.out, weights);
  }
  fmt::print("{} tensors from {} to {}\n", weights.tensors.size(), checkpoint, arguments.out);
  return 0;
}

}  // namespace

void add_export_command(CLI::App& app, cli::Run& run) {
  const auto arguments = std::make_shared<ExportArguments>();
  CLI::App* const command =
      app.add_subcommand("export", "write a checkpoint's weights as one safetensors file");
  command->add_option("RUN", arguments->run, "a run's folder, or a checkpoint's")->required();
  command->add_option("--checkpoint", arguments->checkpoint,
                      "a checkpoint of the run: its folder, or best (default: the newest)");
  command->add_option("--out", arguments->out, "the file to write")->required();
  command
      ->add_option("--format", arguments->format,
                   "interlock (layers.<i>..., heads.<k>...), torchvision (ResNets) or gpt2 (language models: "
                   "--out is a folder that Hugging Face's GPT2LMHeadModel.from_pretrained reads)")
      ->check(CLI::IsMember({"interlock", "torchvision", "gpt2"}));
  command->callback([arguments, &run] { run = [arguments] { return export_command(*arguments); }; });
}

}  // namespace interlock::app
