#pragma once
// Batch norm over the parts of a micro-batch that several replicas hold: equal, to rounding, to one process's
// batch norm over all of it.

#include "models/layer.h"

namespace interlock::models {

struct BatchStatistics {
  at::Tensor mean, variance;  // [C], float32; the variance is the biased one
  double count = 0;           // samples x height x width, of all replicas
};

// x: this replica's part, [n, C, H, W], of a micro-batch of `samples`, of all replicas. Collective over `replicas`.
BatchStatistics gather_statistics(const at::Tensor& x, std::int64_t samples, const ReplicaExchange& replicas);

// (x - mean) / sqrt(variance + epsilon) * weight + bias. Its backward is collective too: the gradient flows
// through statistics to which all replicas' samples contribute. The gradients of weight and bias are those of
// the own part: the replicas' gradients are summed later, as all others are.
at::Tensor synchronised_batch_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                                   const BatchStatistics& statistics, double epsilon,
                                   const ReplicaExchange& replicas);

}  // namespace interlock::models
