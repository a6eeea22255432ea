// model.kind: transformer_lm. Layer 0 embeds tokens, the last one scores the next; between them one layer a
// block.

#include <fmt/format.h>

#include "common/text.h"
#include "models/network.h"

namespace interlock::models {

using config::LayerSpec;
using config::ModelConfig;

config::LayerSpec transformer_block_spec(const ModelConfig& model) {
  return LayerSpec::make("transformer_block")
      .with("width", model.width)
      .with("heads", model.attention_heads)
      .with("hidden", model.hidden > 0 ? model.hidden : 4 * model.width)
      .with("rotary", model.positions == config::PositionKind::kRotary)
      .with("dropout", model.dropout)
      .with("depth", model.blocks);
}

Network describe_transformer_lm(const config::Config& config, const Problem& problem) {
  const bool fits = problem.integer_inputs && problem.input.size() == 1 && problem.target == problem.input &&
                    problem.classes > 0;
  if (!fits) {
    config::fail(
        config.where("model.kind"), "model.kind",
        fmt::format("transformer_lm predicts the next token at each position, but the data's samples "
                    "are {} with targets {}; use data.kind: text",
                    format_shape(problem.input), format_shape(problem.target)));
  }
  const ModelConfig& model = config.model;
  const bool learned = model.positions == config::PositionKind::kLearned;
  // A head that shares the output projection needs it to be shared, whether or not the embedding is.
  const bool shared_by_heads = config.learning.heads.empty() && config.partition.stages > 1 &&
                               config.learning.head.find("unembed") != std::string::npos;
  Network network;
  network.layers.push_back(LayerSpec::make("token_embedding")
                               .with("entries", problem.classes)
                               .with("width", model.width)
                               .with("positions", learned ? problem.input[0] : std::int64_t{0})
                               .with("dropout", model.dropout)
                               .with("tied", model.tied));
  network.layers.insert(network.layers.end(), static_cast<std::size_t>(model.blocks),
                        transformer_block_spec(model));
  network.layers.push_back(LayerSpec::make("lm_output")
                               .with("width", model.width)
                               .with("entries", problem.classes)
                               .with("tied", model.tied || shared_by_heads));
  return network;
}

}  // namespace interlock::models
