#pragma once
// The tag of a message between neighbouring stages, and the only place that makes one.
//
//   bits  0..15  micro-batch           (config allows 4,096)
//   bits 16..27  hops the gradient has travelled: l - k at the receiver k (0 for all else)
//   bits 28..30  kind
//
// One (kind, hops, micro-batch) recurs every batch. That is safe: MPI delivers messages of one sender, tag
// and communicator in the order sent, and both sides handle batches in the same order.

#include <cstdint>
#include <string>

namespace interlock::comm {

class Tag {
 public:
  static Tag activation(int micro_batch) { return {Kind::kActivation, 0, micro_batch}; }
  static Tag targets(int micro_batch) { return {Kind::kTargets, 0, micro_batch}; }
  static Tag gradient(int hops, int micro_batch) { return {Kind::kGradient, hops, micro_batch}; }
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
  Tag(Kind kind, int hops, int micro_batch);  // throws BrokenInvariant if out of range
  int value_;
};

}  // namespace interlock::comm
