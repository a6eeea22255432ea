// Fuzzes whole safetensors files, and what data.kind tensors makes of them: samples whose class and token
// numbers a model may use as indices.

#include "config/config.h"
#include "data/tensor_samples.h"
#include "reader.h"
#include "storage/safetensors.h"

namespace {

using namespace interlock;

void read(const std::uint8_t* data, std::size_t size) {
  static const fuzz::Folder folder;
  const std::string path = folder.write("data.safetensors", data, size);
  const storage::TensorFile file = storage::read_safetensors(path);
  std::size_t bytes = 0;
  for (const auto& [name, tensor] : file.tensors) bytes += tensor.nbytes();
  fuzz::require(bytes <= size, "more data than the file has");
  for (const auto loss : {config::LossKind::kCrossEntropy, config::LossKind::kMeanSquaredError}) {
    const data::TensorSamples samples = data::read_tensor_samples(path, loss);
    fuzz::require(samples.inputs.size(0) == samples.targets.size(0), "inputs without targets");
    data::check_eval_fits(path, samples, samples);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_promised_errors([&] { read(data, size); });
}
