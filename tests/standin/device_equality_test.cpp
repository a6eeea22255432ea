// Ranks on the stand-in GPU equal the oracle to the last bit: whatever the cut, the horizon, the number of micro-batches and the
// transport, and whichever stage is slow. A missing wait, or memory that is used again too early, gives wrong gradients here:
// streams are threads, and their work comes late by chance. One launch has K = ranks - 1 stages, or fewer with replicas.

#include <dlfcn.h>

#include "app/equality_support.h"
#include "common/text.h"
#include "device/device.h"

namespace interlock {
namespace {

using test::Parameters;
using test::Values;

enum : std::size_t { kNetwork, kHorizon, kMicroBatches, kTransport, kSlow, kWhat };
const std::vector<std::string> kTransports = {"nccl", "host_staged"};
const std::vector<int> kCounts = {1, 2, 4};
const std::vector<std::string> kExtras = {"nothing else", "recompute", "bfloat16 messages", "one norm",
                                          "AdamW"};

Parameters parameters(int stages) {
  test::Parameter slow{"slow stage", {"none"}};
  for (int stage = 0; stage < stages; ++stage) slow.values.push_back(std::to_string(stage));
  return {{"network", test::network_names()},
          test::horizons_up_to(stages),
          {"M", {"1", "2", "4"}},
          {"transport", kTransports},
          slow,
          {"what", kExtras}};
}

// Each operator of this rank takes so much longer from now on; 0: none does.
void slow_down(int microseconds) {
  using SlowDown = void(int);
  auto* const call = reinterpret_cast<SlowDown*>(::dlsym(RTLD_DEFAULT, "standin_slow_down"));
  REQUIRE(call != nullptr);  // this program runs under the stand-in
  call(microseconds);
}

config::Config on_gpus(config::Config config, const std::string& transport) {
  config.run.device = config::DeviceKind::kCuda;
  config.run.transport =
      transport == "nccl" ? config::TransportKind::kNccl : config::TransportKind::kHostStaged;
  return config;
}

config::Config config_of(const Values& values, int stages) {
  const auto at = [&](std::size_t parameter) { return static_cast<std::size_t>(values[parameter]); };
  const int horizon = 1 + values[kHorizon];
  config::Config config = on_gpus(
      make_config(test_models()[at(kNetwork)], stages, horizon, kCounts[at(kMicroBatches)], "sum", ""),
      kTransports[at(kTransport)]);
  if (kExtras[at(kWhat)] == "recompute") config.training.recompute = true;
  if (kExtras[at(kWhat)] == "bfloat16 messages") config.schedule.wire_dtype = config::WireType::kBfloat16;
  if (kExtras[at(kWhat)] == "one norm") config.training.clip_scope = config::ClipScope::kGlobal;
  if (kExtras[at(kWhat)] == "AdamW") config.optimizer.kind = config::OptimizerKind::kAdamW;
  return config;
}

// LibTorch lays images out in another way for convolutions on a GPU, so that batch norm adds in another order than on the CPU:
// the oracle of a network with convolutions computes on a GPU too.
at::Device oracle_device(std::size_t network) {
  const std::string& name = test::network_names()[network];
  if (testing::engine().rank() != kCoordinator || (name != "convnet" && name != "resnet")) return at::kCPU;
  constexpr int kLast = 7;  // of the stand-in's eight
  static const std::unique_ptr<device::Device> own =
      device::open_device(device::Wanted::kCuda, kLast, kLast + 1);
  return own->torch_device();
}

void check_equal(const config::Config& config, std::size_t network) {
  check_bitwise(run_case(config, test_models()[network].info, false, app::Reference::kSameOrder, &open,
                         oracle_device(network)));
}

TEST_CASE(
    "stages on GPUs equal the oracle bitwise: networks, horizons, micro-batches, transports, slow stages") {
  const int stages = testing::engine().size() - 1;
  const Rank own = testing::engine().rank();
  run_cases(
      parameters(stages), [](const Values&) { return true; },
      [&](const Values& values) {
        constexpr int kSlowMicroseconds = 400;
        const bool slow = own != kCoordinator && values[kSlow] == index(own);  // stage k is rank k + 1
        slow_down(slow ? kSlowMicroseconds : 0);
        const config::Config config = config_of(values, stages);
        check_equal(config, static_cast<std::size_t>(values[kNetwork]));
        slow_down(0);
      });
}

TEST_CASE("replicas on GPUs equal the oracle bitwise, by either transport") {
  at::set_num_threads(1);
  const int workers = testing::engine().size() - 1;
  for (const std::vector<int>& replicas : test::placements(workers)) {
    const int stages = static_cast<int>(replicas.size());
    for (const std::string& transport : kTransports) {
      for (const int horizon : {1, stages}) {
        config::Config config =
            on_gpus(make_config(test_models()[0], stages, horizon, 2, "farthest", ""), transport);
        config.partition.replicas = replicas;
        INFO(transport << ", N = " << horizon << ", " << replicas.size() << " stages");
        check_equal(config, 0);
      }
    }
  }
}

}  // namespace
}  // namespace interlock
