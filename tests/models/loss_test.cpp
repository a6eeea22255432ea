#include "models/loss.h"

#include "common/ids.h"
#include "models_support.h"

namespace interlock::models {
namespace {

Loss make_loss(config::LossKind kind, double smoothing = 0) {
  config::TrainingConfig training;
  training.loss = kind;
  training.label_smoothing = smoothing;
  return Loss(training);
}

// Sum of the shares of a batch of 7 cut into 3, 3 and 1.
double summed(const Loss& loss, const at::Tensor& output, const at::Tensor& targets) {
  double sum = 0;
  for (const auto& [first, last] : {std::pair{0, 3}, {3, 6}, {6, 7}}) {
    sum += loss.share(output.slice(0, first, last), targets.slice(0, first, last), 7).item<double>();
  }
  return sum;
}

TEST_CASE("cross entropy: the shares of ragged micro-batches add up to the batch's mean loss") {
  torch::manual_seed(1);
  const at::Tensor output = torch::randn({7, 5}, torch::kDouble);
  const at::Tensor targets = torch::randint(5, {7}, torch::kLong);
  // -log softmax at the target, by hand; smoothing mixes in the mean over all classes.
  const at::Tensor logs = output.log_softmax(1);
  const double plain = -logs.gather(1, targets.unsqueeze(1)).mean().item<double>();
  const double even = -logs.mean().item<double>();
  CHECK(summed(make_loss(config::LossKind::kCrossEntropy), output, targets) == Approx(plain).epsilon(1e-12));
  CHECK(summed(make_loss(config::LossKind::kCrossEntropy, 0.1), output, targets) ==
        Approx(0.9 * plain + 0.1 * even).epsilon(1e-12));
}

TEST_CASE("tokens: shares times the correction are the mean over the targets that are not padding") {
  torch::manual_seed(3);
  const at::Tensor output = torch::randn({7, 4, 5}, torch::kDouble);
  at::Tensor targets = torch::randint(5, {7, 4}, torch::kLong);
  targets.select(0, 1).slice(0, 2).fill_(kIgnoredTarget);
  targets.select(0, 6).slice(0, 1).fill_(kIgnoredTarget);
  const Loss loss = make_loss(config::LossKind::kCrossEntropy);
  CHECK(loss.counted(targets) == 28 - 2 - 3);
  const at::Tensor kept = targets.flatten().ne(kIgnoredTarget);
  const at::Tensor logs = output.log_softmax(2).flatten(0, 1).index({kept});
  const double mean = -logs.gather(1, targets.flatten().index({kept}).unsqueeze(1)).mean().item<double>();
  CHECK(summed(loss, output, targets) * loss.correction(7, {4}, 23) == Approx(mean).epsilon(1e-12));
  CHECK(loss.correct_there(output, targets).item<std::int64_t>() <= 23);
}

TEST_CASE("without padding nothing is corrected") {
  const Loss loss = make_loss(config::LossKind::kCrossEntropy);
  CHECK(loss.counted(torch::zeros({7, 4}, torch::kLong)) == 28);
  CHECK(loss.correction(7, {4}, 28) == 1.0);
  CHECK(loss.counted(torch::zeros({7}, torch::kLong)) == 7);
  CHECK(loss.correction(7, {}, 7) == 1.0);
  const Loss squares = make_loss(config::LossKind::kMeanSquaredError);
  CHECK(squares.correction(7, {3}, squares.counted(torch::zeros({7, 3}))) == 1.0);
}

TEST_CASE("mean squared error: the shares of ragged micro-batches add up to the mean over all numbers") {
  torch::manual_seed(2);
  const at::Tensor output = torch::randn({7, 2, 3}, torch::kDouble);
  const at::Tensor targets = torch::randn({7, 2, 3}, torch::kDouble);
  const double mean = (output - targets).pow(2).mean().item<double>();
  CHECK(summed(make_loss(config::LossKind::kMeanSquaredError), output, targets) ==
        Approx(mean).epsilon(1e-12));
}

TEST_CASE("the gradient of the shares is the gradient of the mean loss") {
  torch::manual_seed(3);
  const at::Tensor targets = torch::randint(5, {7}, torch::kLong);
  const at::Tensor whole = torch::randn({7, 5}, torch::kDouble).requires_grad_();
  const at::Tensor parts = whole.detach().clone().requires_grad_();
  at::cross_entropy_loss(whole, targets).backward();
  const Loss loss = make_loss(config::LossKind::kCrossEntropy);
  for (int first = 0; first < 7; first += 2) {
    loss.share(parts.slice(0, first, first + 2), targets.slice(0, first, first + 2), 7).backward();
  }
  CHECK(parts.grad().allclose(whole.grad(), 1e-12, 1e-15));
}

TEST_CASE("the loss of an output of 16 bits is computed in float32") {
  torch::manual_seed(4);
  const at::Tensor targets = torch::randint(5, {7}, torch::kLong);
  const at::Tensor numbers = torch::randn({7, 5});
  for (const at::ScalarType type : {at::kBFloat16, at::kHalf}) {
    const at::Tensor output = torch::randn({7, 5}).to(type).requires_grad_();
    const at::Tensor wide = output.detach().to(at::kFloat).requires_grad_();
    for (const bool classes : {true, false}) {
      const Loss loss =
          make_loss(classes ? config::LossKind::kCrossEntropy : config::LossKind::kMeanSquaredError);
      const at::Tensor found = loss.share(output, classes ? targets : numbers, 7);
      const at::Tensor expected = loss.share(wide, classes ? targets : numbers, 7);
      CHECK(found.scalar_type() == at::kFloat);
      CHECK(found.equal(expected));
      output.mutable_grad().reset();
      wide.mutable_grad().reset();
      found.backward();
      expected.backward();
      CHECK(output.grad().scalar_type() == type);
      CHECK(output.grad().equal(wide.grad().to(type)));
    }
  }
}

TEST_CASE("an output counts as correct where its largest entry is the target's") {
  const at::Tensor output = torch::tensor({{0.1, 0.9, 0.0}, {2.0, 1.0, 1.5}, {-3.0, -2.0, -1.0}});
  CHECK(make_loss(config::LossKind::kCrossEntropy)
            .correct_there(output, torch::tensor({1, 1, 2}, torch::kLong))
            .item<std::int64_t>() == 2);
  CHECK(make_loss(config::LossKind::kMeanSquaredError).correct_there(output, output).item<std::int64_t>() ==
        0);
}

}  // namespace
}  // namespace interlock::models
