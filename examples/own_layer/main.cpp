// interlock with one more layer, squeeze_excitation, and one more model, se_net. All commands know them:
//   mpirun -np 4 build/own_layer train config.yaml

#include <interlock/app/cli.h>
#include <interlock/models/extension.h>

#include "squeeze_excitation.h"

namespace {

using namespace interlock;
using config::LayerSpec;

// se_net: {width: 16, blocks: 3}: so many residual blocks, each twice as wide and half as high as the one
// before and followed by squeeze and excitation, with a linear layer on top. What the data asks for comes
// with `problem`.
std::vector<LayerSpec> se_net(const LayerSpec& spec, const models::Problem& problem) {
  spec.reject_unknown({"width", "blocks"});
  if (problem.input.size() != 3)
    config::fail(spec.where, spec.kind, "takes images [channels, height, width]");
  std::int64_t width = spec.int_or("width", 16, 4);
  const std::int64_t blocks = spec.int_or("blocks", 3, 1);
  std::vector<LayerSpec> layers;
  std::int64_t channels = problem.input[0];
  for (std::int64_t block = 0; block < blocks; ++block) {
    layers.push_back(LayerSpec::make("basic_block")
                         .with("in", channels)
                         .with("width", width)
                         .with("stride", std::int64_t{block == 0 ? 1 : 2}));
    layers.push_back(LayerSpec::make("squeeze_excitation").with("channels", width));
    channels = width;
    width *= 2;
  }
  layers.push_back(LayerSpec::make("gbpl"));
  layers.push_back(LayerSpec::make("linear").with("in", channels).with("out", problem.classes));
  return layers;
}

}  // namespace

int main(int argc, char** argv) {
  models::register_layer("squeeze_excitation", make_squeeze_excitation);
  models::register_model("se_net", se_net);
  return app::run_command_line(argc, argv);
}
