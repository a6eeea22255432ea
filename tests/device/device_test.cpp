#include "device/device.h"

#include <chrono>
#include <cstdlib>
#include <thread>

#include <torch/types.h>

#include "common/error.h"
#include "device/out_of_memory.h"
#include "device/settings.h"
#include "device/stopwatch.h"
#include "support/catch.h"

namespace interlock::device {
namespace {

using Catch::Matchers::Contains;

TEST_CASE("the CPU is there always, and does everything at once") {
  const auto device = open_device(Wanted::kCpu, 3, 5);
  CHECK_FALSE(device->is_gpu());
  CHECK(device->description() == "CPU");
  CHECK(device->memory().total == 0);
  const Stream stream = device->new_stream(Priority::kHigh);
  const at::Tensor from = torch::arange(5);
  const at::Tensor to = device->staging({5}, torch::kLong);
  stream.copy(to, from);
  CHECK(to.equal(from));
  bool ran = false;
  stream.run_on_host_after([&] { ran = true; });
  CHECK(ran);
  const Event event = stream.record();
  stream.wait(event);
  CHECK(event.done());
  stream.synchronise();
}

TEST_CASE("a GPU asked for where there is none is refused, with what to do") {
  if (gpu_count() > 0) {
    WARN("skipped: there is a GPU");
    return;
  }
  CHECK_FALSE(open_device(Wanted::kAuto, 0, 1)->is_gpu());
  CHECK_THROWS_AS(open_device(Wanted::kCuda, 0, 1), UsageError);
  CHECK_THROWS_WITH(open_device(Wanted::kCuda, 0, 1), Contains("run.device=cpu"));
}

TEST_CASE("a stopwatch adds up what lies between start and stop, and starts anew") {
  const auto device = open_device(Wanted::kAuto, 0, 1);
  Stopwatch stopwatch(*device);
  if (device->is_gpu()) {
    WARN("skipped: a GPU does not sleep");
    return;
  }
  for (int i = 0; i < 2; ++i) {
    stopwatch.start();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    stopwatch.stop();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  const double seconds = stopwatch.take_seconds();
  CHECK(seconds >= 0.02);
  CHECK(stopwatch.take_seconds() == 0);
  CHECK_THROWS_AS(stopwatch.stop(), BrokenInvariant);
}

TEST_CASE("deterministic runs set what cuBLAS needs, and refuse what the user set against it") {
  const char* const name = "CUBLAS_WORKSPACE_CONFIG";
  Settings deterministic;
  deterministic.deterministic = true;
  unsetenv(name);
  prepare_environment({});
  CHECK(std::getenv(name) == nullptr);
  CHECK(std::string(std::getenv("NCCL_RAS_ENABLE")) == "0");
  CHECK(std::string(std::getenv("NCCL_RUNTIME_CONNECT")) == "0");
  unsetenv("CUDA_MODULE_LOADING");
  Settings early;
  early.ranks_wait_on_gpu = true;
  prepare_environment(early);
  CHECK(std::string(std::getenv("CUDA_MODULE_LOADING")) == "EAGER");
  prepare_environment(deterministic);
  CHECK(std::string(std::getenv(name)) == ":4096:8");
  setenv(name, ":0:0", 1);
  CHECK_THROWS_WITH(prepare_environment(deterministic), Contains(":0:0") && Contains(":4096:8"));
  unsetenv(name);
}

TEST_CASE("switches reach LibTorch, under its old and its new names alike") {
  const at::Context& context = at::globalContext();
  for (const bool on : {true, false}) {
    apply({on, on, false});
    CHECK(context.deterministicAlgorithms() == on);
    CHECK(context.deterministicCuDNN() == on);
    CHECK(context.benchmarkCuDNN() == !on);
    CHECK(context.allowTF32CuBLAS() == on);  // throws where the names disagree
    CHECK(context.allowTF32CuDNN() == on);
  }
}

TEST_CASE("memory that ran out is told from other errors, with what to change") {
  const c10::OutOfMemoryError memory({__func__, __FILE__, __LINE__}, "CUDA out of memory. Tried ...");
  REQUIRE(describe_out_of_memory(memory));
  CHECK_THAT(*describe_out_of_memory(memory),
             Contains("schedule.micro_batches") && Contains("training.recompute"));
  const c10::Error library({__func__, __FILE__, __LINE__}, "CUBLAS_STATUS_ALLOC_FAILED when calling ...");
  CHECK(describe_out_of_memory(library));
  const c10::Error other({__func__, __FILE__, __LINE__}, "mat1 and mat2 shapes cannot be multiplied");
  CHECK_FALSE(describe_out_of_memory(other));
}

}  // namespace
}  // namespace interlock::device
