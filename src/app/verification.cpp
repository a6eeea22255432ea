#include "app/verification.h"

#include <cmath>

#include <torch/types.h>

#include "app/run_folder.h"
#include "comm/mpi_channel.h"
#include "coordinator/coordinator.h"
#include "coordinator/order_sequence.h"
#include "oracle/oracle.h"
#include "training/batch_loader.h"

namespace interlock::app {
namespace {

using schedule::Order;
using schedule::OrderKind;

std::vector<Order> training_orders(const coordinator::Job& job) {
  std::vector<Order> orders;
  for (std::int64_t step = 1; step <= job.total_steps; ++step)
    orders.push_back(coordinator::step_orders(job, step).front());
  return orders;
}

// A tensor of the oracle beside the worker's, in the order that Worker::ship_tensors() sends them.
struct Pair {
  std::string name;
  at::Tensor expected;
  at::Tensor found;
  comm::Transfer transfer;
  bool gradient = false;
};

std::vector<Pair> expected_tensors(const models::Stage& stage) {
  std::vector<Pair> pairs;
  const models::NamedTensors state = stage.state();
  for (const auto& [name, tensor] : state) pairs.push_back({name, tensor.detach().cpu(), {}, {}, false});
  for (const auto& [name, tensor] : state) {
    if (!tensor.requires_grad()) continue;
    pairs.push_back({name + " (gradient)",
                     (tensor.grad().defined() ? tensor.grad() : torch::zeros_like(tensor)).cpu(),
                     {},
                     {},
                     true});
  }
  return pairs;
}

void compare(std::vector<Pair>& pairs, StageDifference& difference) {
  double worst = 0;
  for (Pair& pair : pairs) {
    pair.transfer.wait();
    // Where a float16 gradient overflowed both must be not a number.
    if (at::allclose(pair.expected, pair.found, /*rtol=*/0, /*atol=*/0, /*equal_nan=*/true)) continue;
    difference.bitwise = false;
    const at::Tensor apart = pair.expected.to(torch::kDouble) - pair.found.to(torch::kDouble);
    const double distance = apart.abs().max().item<double>();
    double& largest = pair.gradient ? difference.gradients : difference.weights;
    largest = std::isnan(distance) ? distance : std::max(largest, distance);
    if (pair.gradient) {
      const double ratio = (apart.norm() / pair.expected.to(torch::kDouble).norm()).item<double>();
      difference.gradient_ratio = std::isnan(ratio) ? ratio : std::max(difference.gradient_ratio, ratio);
    }
    if (distance >= worst || std::isnan(distance)) {
      worst = distance;
      difference.worst = pair.name;
    }
  }
}

void compare_losses(const coordinator::BatchRecord& record, const oracle::BatchResult& expected,
                    std::vector<StageDifference>& stages) {
  for (std::size_t k = 0; k < stages.size(); ++k) {
    // No loss at all, or that of a step that is left out.
    const bool none = record.stages[k].has_loss == 0 || std::isnan(record.stages[k].loss);
    if ((none && std::isnan(expected.loss[k])) || record.stages[k].loss == expected.loss[k]) continue;
    stages[k].bitwise = false;
    stages[k].loss = std::max(stages[k].loss, std::abs(record.stages[k].loss - expected.loss[k]));
    if (stages[k].worst.empty()) stages[k].worst = "loss";
  }
}

// Synchronised batch norm's statistics are those of the whole micro-batch: what one process computes.
oracle::Replicas choose_replicas(const training::RunPlan& plan, Reference reference) {
  const bool one_process = reference == Reference::kOneProcess || plan.config.partition.sync_batch_norm;
  return one_process ? oracle::Replicas::kIgnored : oracle::Replicas::kPlayed;
}

}  // namespace

Verification verify_as_coordinator(const training::RunPlan& plan, const data::DataSource& source,
                                   comm::ProgressEngine& engine, std::int64_t steps, Reference reference,
                                   at::Device oracle_device) {
  coordinator::Job job = make_job(plan);
  job.total_steps = steps;
  const auto stages = static_cast<std::size_t>(job.stages());
  Verification result{std::vector<StageDifference>(stages),
                      {stages, std::array<std::int64_t, schedule::kActionKinds>{}}};

  const std::vector<Order> orders = training_orders(job);
  std::vector<coordinator::BatchRecord> records;
  coordinator::Coordinator coordinator(job, engine);
  coordinator.carry_out(orders, [&](const coordinator::BatchRecord& record) { records.push_back(record); });

  oracle::Oracle oracle(plan, choose_replicas(plan, reference), oracle_device);
  training::BatchLoader loader(plan, source);
  for (std::size_t i = 0; i < orders.size(); ++i) {
    const oracle::BatchResult expected =
        oracle.train_batch(loader.load_all(orders[i]), orders[i].epoch, orders[i].step);
    compare_losses(records[i], expected, result.stages);
    result.left_out += expected.left_out ? 1 : 0;
    for (std::size_t k = 0; k < stages; ++k) {
      if ((records[i].stages[k].left_out != 0) != expected.left_out) result.stages[k].bitwise = false;
      for (std::size_t a = 0; a < schedule::kActionKinds; ++a)
        result.actions[k][a] += records[i].stages[k].actions[a];
    }
  }

  comm::MpiChannel channel(engine);
  std::vector<std::vector<Pair>> pairs;
  const Placement placement = plan.config.partition.placement();
  for (int worker = 0; worker < placement.workers(); ++worker) {
    const Rank rank{index(kCoordinator) + 1 + worker};
    const Place place = placement.place_of(rank);
    pairs.push_back(
        expected_tensors(oracle.stage(place.stage, place.replica % oracle.replicas(place.stage))));
    int number = 0;
    for (Pair& pair : pairs.back()) {
      pair.found = torch::empty_like(pair.expected, at::MemoryFormat::Contiguous);
      pair.transfer = channel.receive(rank, comm::Tag::tensor(number++), pair.found);
    }
  }
  coordinator.carry_out({Order{OrderKind::kShipTensors, 0, 0, steps, 0, 0}},
                        [](const coordinator::BatchRecord&) {});
  for (int worker = 0; worker < placement.workers(); ++worker) {
    const Place place = placement.place_of(Rank{index(kCoordinator) + 1 + worker});
    compare(pairs[static_cast<std::size_t>(worker)], result.stages[static_cast<std::size_t>(place.stage)]);
  }
  coordinator.finish();
  return result;
}

}  // namespace interlock::app
