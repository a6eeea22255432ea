#pragma once
// Sums over the replicas of a stage in a fixed order, by messages between them: replica c adds up piece c of
// every tensor, from replica 0 upwards, and sends the sum to the others. So every replica gets the same bits,
// run after run, and each sends and receives 2 (R-1)/R times the tensor.
//
// Owns:    buffers of the size of what is under way, kept for the next sums. Threads: one at a time.
// A tensor's second phase begins in the next start(), advance() or finish() after its pieces have come.

#include <map>
#include <utility>
#include <vector>

#include "comm/all_reduce.h"
#include "comm/tensor_channel.h"

namespace interlock::comm {

class OrderedAllReduce : public AllReduce {
 public:
  // `group`: the ranks of all replicas, in order; `own` is this one's place in it. `space` sets the messages
  // of several sums between the same ranks apart.
  OrderedAllReduce(TensorChannel& channel, std::vector<Rank> group, int own, int space);

  void start(const at::Tensor& bucket) override;
  void advance() override;
  void finish() override;

 private:
  // Buffers of one tensor.
  struct Buffers {
    at::Tensor pieces;  // [group, largest piece]: everyone's version of the own piece
    at::Tensor sums;    // like the bucket
  };
  struct UnderWay {
    at::Tensor bucket;
    Buffers* buffers = nullptr;
    int number = 0;
    bool summed = false;  // the own piece
    std::vector<Transfer> pieces, sums, sends;
  };
  [[nodiscard]] at::Tensor piece(const at::Tensor& whole, std::size_t of) const;
  Buffers& buffers_for(const at::Tensor& bucket);
  void sum_own_piece(UnderWay& one);

  TensorChannel& channel_;
  const std::vector<Rank> group_;
  const std::size_t own_;
  const int space_;
  std::vector<UnderWay> under_way_;
  // By the tensor's number since the last finish(), and its size: the same ones come every batch.
  std::map<std::pair<std::size_t, std::int64_t>, Buffers> buffers_;
};

}  // namespace interlock::comm
