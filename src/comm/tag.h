#pragma once
// The tag of a message between neighbouring stages, and the only place that makes one.
//
//   bits  0..11  micro-batch           (config allows 4,096)
//   bits 12..15  batch, its last 4 bits
//   bits 16..27  hops the gradient has travelled: l - k at the receiver k (0 for all else)
//   bits 28..30  kind
//
// One (kind, hops, micro-batch, batch) recurs every 16 batches. That is safe: MPI delivers messages of one
// sender, tag and communicator in the order sent, and both sides handle batches in the same order. The batch
// is there so that a message that is lost is missed, where else the next batch's would take its place.

#include <cstdint>
#include <string>

namespace interlock::comm {

class Tag {
 public:
  // `batch`: counted alike by both sides.
  static Tag activation(int micro_batch, std::int64_t batch = 0) {
    return {Kind::kActivation, 0, in_batch(micro_batch, batch)};
  }
  static Tag targets(int micro_batch, std::int64_t batch = 0) {
    return {Kind::kTargets, 0, in_batch(micro_batch, batch)};
  }
  static Tag gradient(int hops, int micro_batch, std::int64_t batch = 0) {
    return {Kind::kGradient, hops, in_batch(micro_batch, batch)};
  }
  // Of the matrix that several stages hold copies of; its 0 hops set it apart from the other gradients.
  static Tag tied_gradient() { return {Kind::kGradient, 0, 0}; }
  // Among the replicas of a stage: sums of gradients (phase 0: a rank's own parts, 1: their sums) and, by a
  // `space` of its own, whatever else they sum at other times.
  static Tag sum(int space, int phase, int number) {
    return {Kind::kSum, space << 1 | phase, number & 0xffff};
  }
  // A few numbers that stages or replicas tell each other before an update.
  static Tag numbers(int purpose) { return {Kind::kNumbers, 0, purpose}; }
  // Numbered tensors outside training steps (verify).
  static Tag tensor(int number) { return {Kind::kTensor, number >> 16, number & 0xffff}; }

  [[nodiscard]] int value() const { return value_; }
  [[nodiscard]] std::string text() const;  // "gradient (1 hop) of micro-batch 3"

  static constexpr int kLargest = (1 << 30) + (1 << 29) - 1;  // of the kinds below; MPI allows 2^31 - 1 here

 private:
  enum class Kind { kActivation = 0, kTargets = 1, kGradient = 2, kTensor = 3, kSum = 4, kNumbers = 5 };
  Tag(Kind kind, int hops, int number);  // these two throw BrokenInvariant if out of range
  static int in_batch(int micro_batch, std::int64_t batch);
  int value_;
};

}  // namespace interlock::comm
