// The small convolutional network of the paper's first experiment: 3x3 convolutions with ReLU, a 2x2 max pool
// after every second one, a linear layer on top.

#include "models/network.h"

namespace interlock::models {

using config::LayerSpec;

Network describe_convnet(const config::ModelConfig& model, const Problem& problem) {
  Network network;
  std::int64_t channels = problem.input[0];
  std::int64_t height = problem.input[1];
  std::int64_t width = problem.input[2];
  for (std::size_t i = 0; i < model.channels.size(); ++i) {
    network.layers.push_back(LayerSpec::make("conv2d")
                                 .with("in", channels)
                                 .with("out", model.channels[i])
                                 .with("kernel", std::int64_t{3})
                                 .with("padding", std::int64_t{1})
                                 .with("bias", !model.batch_norm));
    channels = model.channels[i];
    if (model.batch_norm) network.layers.push_back(LayerSpec::make("batchnorm2d").with("channels", channels));
    network.layers.push_back(LayerSpec::make("relu"));
    const bool pool_here = i % 2 == 1 && height >= 2 && width >= 2;
    if (!pool_here) continue;
    network.layers.push_back(LayerSpec::make("maxpool2d"));
    height /= 2;
    width /= 2;
  }
  network.layers.push_back(LayerSpec::make("flatten"));
  network.layers.push_back(
      LayerSpec::make("linear").with("in", channels * height * width).with("out", problem.classes));
  return network;
}

}  // namespace interlock::models
