#include "data/tensor_samples.h"

#include <limits>

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include "common/error.h"
#include "common/ids.h"
#include "data/tensor_dataset.h"
#include "storage/safetensors.h"
#include "support/catch.h"
#include "support/temp_folder.h"

namespace interlock::data {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using config::LossKind;
using test::message_of;
using test::TempFolder;

at::Tensor whole(const std::vector<std::int64_t>& values) {
  const at::Tensor tensor =
      at::empty({static_cast<std::int64_t>(values.size())}, at::TensorOptions(at::kLong));
  std::copy(values.begin(), values.end(), tensor.mutable_data_ptr<std::int64_t>());
  return tensor;
}

std::string written(const TempFolder& folder, const at::Tensor& inputs, const at::Tensor& targets) {
  const std::string path = folder.path_of("samples.safetensors");
  storage::write_safetensors(path, {{{"inputs", inputs}, {"targets", targets}}, {}});
  return path;
}

TensorSamples read(const at::Tensor& inputs, const at::Tensor& targets,
                   LossKind loss = LossKind::kCrossEntropy) {
  const TempFolder folder;
  return read_tensor_samples(written(folder, inputs, targets), loss);
}

std::string refusal(const at::Tensor& inputs, const at::Tensor& targets,
                    LossKind loss = LossKind::kCrossEntropy) {
  const TempFolder folder;
  const std::string path = written(folder, inputs, targets);
  const std::string message = message_of<DataError>([&] { read_tensor_samples(path, loss); });
  REQUIRE_THAT(message, StartsWith(path + ": tensor '"));
  return message.substr(path.size() + 2);
}

TEST_CASE("inputs of other float types and bytes become float32, whole numbers become tokens") {
  const at::Tensor inputs = at::arange(6, at::TensorOptions(at::kFloat)).reshape({2, 3});
  for (const at::ScalarType type : {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16, at::kByte}) {
    const TensorSamples samples = read(inputs.to(type), whole({0, 3}));
    CHECK(samples.inputs.scalar_type() == at::kFloat);
    CHECK(samples.inputs.equal(inputs));
  }
  for (const at::ScalarType type : {at::kLong, at::kInt}) {
    CHECK(read(inputs.to(type), whole({0, 3})).inputs.equal(inputs.to(at::kLong)));
  }
  CHECK_THAT(refusal(inputs.to(at::kBool), whole({0, 3})),
             StartsWith("tensor 'inputs': type Bool is not supported"));
}

TEST_CASE("class numbers may be of any whole type and count one more class than the largest") {
  const TensorSamples samples = read(at::zeros({3, 2}), whole({1, 0, 6}).to(at::kInt));
  CHECK(samples.classes == 7);
  CHECK(samples.targets.equal(whole({1, 0, 6})));
}

TEST_CASE("a negative class is refused with its sample") {
  CHECK(refusal(at::zeros({3, 2}), whole({1, -2, -3})) ==
        "tensor 'targets': sample 1 has class -2; classes count from 0");
  CHECK_THAT(refusal(at::zeros({1, 2}), whole({-1})), Contains("sample 0 has class -1"));
}

TEST_CASE("targets may be one a position, with padding among them; classes count as ever") {
  const at::Tensor targets = whole({1, 5, kIgnoredTarget, 0, kIgnoredTarget, 2}).reshape({3, 2});
  const TensorSamples samples = read(at::zeros({3, 2}), targets);
  CHECK(samples.classes == 6);
  CHECK(samples.targets.equal(targets));
  CHECK(refusal(at::zeros({3, 2}), whole({1, 5, -1, 0, 3, 2}).reshape({3, 2})) ==
        "tensor 'targets': sample 1 has class -1; classes count from 0");
  CHECK_THAT(refusal(at::zeros({1, 2}), whole({kIgnoredTarget})), Contains("class -100"));
}

TEST_CASE("tokens count from 0, and how many there are is noted") {
  const at::Tensor tokens = whole({3, 0, 9, 1}).reshape({2, 2});
  CHECK(read(tokens, whole({0, 1})).tokens == 10);
  CHECK(read(at::zeros({2, 2}), whole({0, 1})).tokens == 0);
  CHECK(refusal(whole({3, 0, 9, -4}).reshape({2, 2}), whole({0, 1})) ==
        "tensor 'inputs': sample 1 has token -4; tokens count from 0");
}

TEST_CASE("numbers that no class and no token can have are refused with their sample") {
  const std::int64_t largest = std::numeric_limits<std::int64_t>::max();
  CHECK(refusal(at::zeros({2, 2}), whole({1, largest})) ==
        "tensor 'targets': sample 1 has class 9223372036854775807; classes go up to 2147483647 at most");
  CHECK_THAT(refusal(whole({3, 0, 9, std::int64_t{1} << 31}).reshape({2, 2}), whole({0, 1})),
             Contains("sample 1 has token 2147483648; tokens go up to 2147483647"));
}

TEST_CASE("targets fit the loss: class numbers for cross entropy, floats for mean squared error") {
  CHECK_THAT(refusal(at::zeros({3, 2}), at::zeros({3})), Contains("cross_entropy needs class numbers"));
  CHECK_THAT(refusal(at::zeros({3, 2}), whole({1, 2, 3}), LossKind::kMeanSquaredError),
             Contains("needs float32"));
  const TensorSamples samples =
      read(at::zeros({3, 2}), at::ones({3, 4}).to(at::kDouble), LossKind::kMeanSquaredError);
  CHECK(samples.targets.equal(at::ones({3, 4})));
  CHECK(samples.classes == 0);
}

TEST_CASE("inputs and targets of different length, empty ones and single numbers are refused") {
  CHECK_THAT(refusal(at::zeros({3, 2}), whole({1, 2})),
             StartsWith("tensor 'targets': 2 targets for 3 inputs"));
  CHECK(refusal(at::zeros({0, 2}), whole({})) == "tensor 'inputs': empty: shape [0, 2]");
  CHECK_THAT(refusal(at::zeros({2, 0}), whole({1, 2})), Contains("'inputs': empty"));
  CHECK_THAT(refusal(at::zeros({}), whole({1})), Contains("'inputs': a single number"));
}

TEST_CASE("a missing tensor is refused with the names that are there") {
  const TempFolder folder;
  const std::string path = folder.path_of("other.safetensors");
  storage::write_safetensors(path, {{{"inputs", at::zeros({1})}, {"labels", whole({1})}}, {}});
  CHECK_THAT(message_of<DataError>([&] { read_tensor_samples(path, LossKind::kCrossEntropy); }),
             StartsWith(path + ": no tensor 'targets'") && Contains("inputs, labels"));
}

TEST_CASE("evaluation samples must fit the training ones") {
  const TensorSamples train = {at::zeros({2, 3}), whole({0, 4}), 5};
  check_eval_fits("eval", {at::zeros({1, 3}), whole({4}), 5}, train);
  const auto problem = [&](const TensorSamples& eval) {
    return message_of<DataError>([&] { check_eval_fits("eval", eval, train); });
  };
  CHECK(problem({at::zeros({2, 3}), whole({1, 5}), 6}) ==
        "eval: tensor 'targets': sample 1 has class 5, but the classes in data.path are 0 to 4");
  CHECK_THAT(problem({at::zeros({1, 2}), whole({1}), 2}), Contains("shape is [2], but [3] in data.path"));
  CHECK_THAT(problem({at::zeros({1, 3}).to(at::kLong), whole({1}), 2}), Contains("type Long, but Float"));
}

TEST_CASE("a tensor data set hands out the rows asked for") {
  const at::Tensor inputs = at::arange(12, at::TensorOptions(at::kFloat)).reshape({4, 3});
  const TensorDataset dataset(inputs, whole({5, 6, 7, 8}));
  CHECK(dataset.size() == 4);
  const Batch batch = dataset.load({2, 0, 2}, 1);
  CHECK(batch.inputs.is_contiguous());
  CHECK(batch.inputs[0].equal(inputs[2]));
  CHECK(batch.inputs[1].equal(inputs[0]));
  CHECK(batch.targets.equal(whole({7, 5, 7})));
  CHECK(dataset.load({}, 0).inputs.sizes().vec() == std::vector<std::int64_t>{0, 3});
  CHECK_THROWS_AS(dataset.load({4}, 0), BrokenInvariant);
}

}  // namespace
}  // namespace interlock::data
