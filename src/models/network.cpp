#include "models/network.h"

#include <fmt/format.h>

#include "common/error.h"
#include "common/text.h"
#include "models/layers/registry.h"
#include "models/registered.h"

namespace interlock::models {
namespace {

void require_images(const config::Config& config, const Problem& problem) {
  if (problem.input.size() == 3 && problem.classes > 0) return;
  config::fail(
      config.where("model.kind"), "model.kind",
      fmt::format("this model classifies images [channels, height, width], but the data's samples are {}; "
                  "use model.kind: sequential",
                  format_shape(problem.input)));
}

}  // namespace

Network describe_network(const config::Config& config, const Problem& problem) {
  switch (config.model.kind) {
    case config::ModelKind::kSequential:
      // Before anything counts layers: a model whose name is mistyped would count as one.
      for (const config::LayerSpec& spec : config.model.layers) require_known(spec);
      return {expand_models(config.model.layers, problem), {}};
    case config::ModelKind::kConvnet:
      require_images(config, problem);
      return describe_convnet(config.model, problem);
    case config::ModelKind::kResnet:
      require_images(config, problem);
      return describe_resnet(config, problem);
    case config::ModelKind::kTransformerLm:
      return describe_transformer_lm(config, problem);
  }
  throw BrokenInvariant("model kind without a builder");
}

}  // namespace interlock::models
