#include "models/layers/synchronised_batch_norm.h"

#include <torch/csrc/autograd/custom_function.h>
#include <torch/types.h>

namespace interlock::models {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

const std::vector<std::int64_t> kAllButChannels = {0, 2, 3};

at::Tensor per_channel(const at::Tensor& vector) {
  return vector.view({1, -1, 1, 1});
}

class SynchronisedBatchNorm : public torch::autograd::Function<SynchronisedBatchNorm> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, const BatchStatistics& statistics, double epsilon,
                            const ReplicaExchange* replicas) {
    context->save_for_backward({x, weight, statistics.mean, statistics.variance});
    context->saved_data["count"] = statistics.count;
    context->saved_data["epsilon"] = epsilon;
    context->saved_data["replicas"] = reinterpret_cast<std::int64_t>(replicas);
    // In evaluation mode batch_norm normalises by the statistics it is given.
    return at::batch_norm(x, weight, bias, statistics.mean, statistics.variance, /*training=*/false,
                          /*momentum=*/0, epsilon, /*cudnn_enabled=*/false);
  }

  // With z = (x - mean) / deviation:  dx = weight / deviation (dy - mean(dy) - z mean(dy z)), means over all
  // replicas' samples.
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor x = saved[0].to(torch::kFloat), weight = saved[1];
    const at::Tensor dy = gradients[0].to(torch::kFloat);
    const at::Tensor deviation = (saved[3] + context->saved_data["epsilon"].toDouble()).sqrt();
    const at::Tensor z = (x - per_channel(saved[2])) / per_channel(deviation);
    const at::Tensor dbias = dy.sum(kAllButChannels);
    const at::Tensor dweight = (dy * z).sum(kAllButChannels);

    const auto* const replicas =
        reinterpret_cast<const ReplicaExchange*>(context->saved_data["replicas"].toInt());
    const double count = context->saved_data["count"].toDouble();
    const at::Tensor means = replicas->gather(at::cat({dbias, dweight})).sum(0) / count;
    const std::int64_t channels = dbias.numel();
    const at::Tensor centred =
        dy - per_channel(means.slice(0, 0, channels)) - z * per_channel(means.slice(0, channels));
    const at::Tensor dx = centred * per_channel(weight / deviation);
    return {dx.to(saved[0].scalar_type()), dweight, dbias, {}, {}, {}};
  }
};

}  // namespace

BatchStatistics gather_statistics(const at::Tensor& x, std::int64_t samples,
                                  const ReplicaExchange& replicas) {
  const at::NoGradGuard no_grad;
  const at::Tensor values = x.detach().to(torch::kFloat);
  const std::int64_t channels = values.size(1);
  const at::Tensor mean = values.mean(kAllButChannels);
  const at::Tensor squares = (values - per_channel(mean)).square().sum(kAllButChannels);  // from the own mean
  const at::Tensor count = torch::full({1}, static_cast<double>(values.numel() / channels), mean.options());
  const at::Tensor all = replicas.gather(at::cat({count, mean, squares}));

  // Chan, Golub, LeVeque (1979): squares from the common mean are those from each own mean, and the means'
  // own distance from it as often as each has samples. No difference of large numbers.
  const at::Tensor counts = all.slice(1, 0, 1), means = all.slice(1, 1, 1 + channels);
  BatchStatistics statistics;
  // Known here: asking the device would make every forward wait for it.
  statistics.count = static_cast<double>(samples * (values.numel() / (values.size(0) * channels)));
  statistics.mean = (counts * means).sum(0) / statistics.count;
  const at::Tensor between = (counts * (means - statistics.mean).square()).sum(0);
  statistics.variance = (all.slice(1, 1 + channels).sum(0) + between) / statistics.count;
  return statistics;
}

at::Tensor synchronised_batch_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                                   const BatchStatistics& statistics, double epsilon,
                                   const ReplicaExchange& replicas) {
  return SynchronisedBatchNorm::apply(x, weight, bias, statistics, epsilon, &replicas);
}

}  // namespace interlock::models
