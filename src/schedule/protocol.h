#pragma once
// What the coordinator and the workers say to each other. Plain structs of fixed size, sent as bytes: all
// ranks run the same binary (checked at start-up). They live here, below both sides, so that neither includes
// the other.

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

#include "common/error.h"

namespace interlock::schedule {

// The coordinator hands out work in order; every stage carries out every order, in order, at its own pace. A
// stage may be several orders behind another: that is the pipeline across batch boundaries.
enum class OrderKind : std::int32_t {
  kTrain,        // one batch: all micro-batches, then one optimizer step
  kEvaluate,     // one batch, forward only
  kCheckpoint,   // write this stage's shard, as of now
  kRestore,      // take weights, buffers and optimizer state of the checkpoint of step `checkpoint`
  kShipTensors,  // send weights and last gradients to the coordinator (verify)
  kFinish,
};

struct Order {
  OrderKind kind = OrderKind::kFinish;
  std::int32_t ends_evaluation = 0;  // 1 on the last batch of an evaluation
  std::int64_t epoch = 0;            // from 0
  std::int64_t step = 0;             // optimizer steps counted from 1; for other kinds: the steps done so far
  std::int64_t first_sample = 0;     // position in the epoch's order
  std::int64_t samples = 0;          // in this batch
  std::int64_t checkpoint = 0;       // kRestore only
};

// Where a number was found that is none: NaN or infinite.
enum class NonfiniteIn : std::int32_t { kNothing, kInput, kActivation, kLoss, kGradient };

struct Nonfinite {
  NonfiniteIn in = NonfiniteIn::kNothing;
  std::int32_t micro_batch = -1;  // -1: not known, as for a gradient, which is a sum
  std::int32_t layer = -1;        // through the whole network; -1: in the head, or not known
  std::int32_t reserved = 0;
};

inline constexpr int kActionKinds = 6;

// One for every order but kFinish, from every worker.
struct Report {
  Order order;
  std::int32_t stage = 0;
  std::int32_t replica = 0;
  std::int32_t has_loss = 0;
  std::int32_t left_out =
      0;            // kTrain: 1: no update was made, on any stage; 2: not carried out at all (rewind)
  double loss = 0;  // mean over the batch; a replica's share of it
  std::int64_t correct = 0;
  std::int64_t counted = 0;    // targets that are not padding; samples where each has one target
  double busy_seconds = 0;     // computing
  double elapsed_seconds = 0;  // from the end of the previous order to the end of this one
  double cpu_seconds = 0;      // of the whole process, since its start
  double peak_memory_mebibytes = 0;
  std::int64_t peak_activation_bytes = 0;            // most kept for backward at any moment so far
  std::int64_t micro_batch_activation_bytes = 0;     // of one full micro-batch
  std::array<std::int64_t, kActionKinds> actions{};  // how many of each ActionKind were carried out
  std::array<std::uint64_t, 2> checksum{};           // kCheckpoint: of the shard
  std::int64_t bytes = 0;                            // kCheckpoint: of the shard
  std::int64_t sent_bytes = 0;  // activations and gradients, while carrying out the order
  Nonfinite nonfinite{};        // kTrain: on this stage
};

template <typename Message>
std::string encode(const Message& message) {
  static_assert(std::is_trivially_copyable_v<Message>);
  return {reinterpret_cast<const char*>(&message), sizeof(Message)};
}

template <typename Message>
Message decode(const std::string& bytes) {
  static_assert(std::is_trivially_copyable_v<Message>);
  INTERLOCK_CHECK(bytes.size() == sizeof(Message), "message of " + std::to_string(bytes.size()) + " bytes");
  Message message;
  std::memcpy(static_cast<void*>(&message), bytes.data(), sizeof(Message));
  return message;
}

}  // namespace interlock::schedule
