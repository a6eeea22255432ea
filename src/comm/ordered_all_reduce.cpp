#include "comm/ordered_all_reduce.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <torch/types.h>

#include "common/error.h"
#include "common/placement.h"

namespace interlock::comm {
namespace {

constexpr int kPieces = 0;  // phases, in tags
constexpr int kSums = 1;

}  // namespace

OrderedAllReduce::OrderedAllReduce(TensorChannel& channel, std::vector<Rank> group, int own, int space)
    : channel_(channel), group_(std::move(group)), own_(static_cast<std::size_t>(own)), space_(space) {
  INTERLOCK_CHECK(own_ < group_.size(), "a rank that sums is one of the group");
}

at::Tensor OrderedAllReduce::piece(const at::Tensor& whole, std::size_t of) const {
  const SampleRange range = part_of(whole.numel(), static_cast<int>(of), static_cast<int>(group_.size()));
  return whole.slice(0, range.begin, range.end);
}

OrderedAllReduce::Buffers& OrderedAllReduce::buffers_for(const at::Tensor& bucket) {
  Buffers& buffers = buffers_[{under_way_.size(), bucket.numel()}];
  if (!buffers.sums.defined() || buffers.sums.scalar_type() != bucket.scalar_type()) {
    const std::int64_t own = piece(bucket, own_).numel();
    buffers.pieces = torch::empty({static_cast<std::int64_t>(group_.size()), own}, bucket.options());
    buffers.sums = torch::empty_like(bucket);
  }
  return buffers;
}

void OrderedAllReduce::start(const at::Tensor& bucket) {
  INTERLOCK_CHECK(bucket.dim() == 1 && bucket.is_contiguous(), "sums are of contiguous vectors");
  UnderWay one;
  one.bucket = bucket;
  one.number = static_cast<int>(under_way_.size());
  one.buffers = &buffers_for(bucket);
  for (std::size_t other = 0; other < group_.size(); ++other) {
    if (other == own_) continue;
    if (piece(bucket, own_).numel() > 0) {
      one.pieces.push_back(channel_.receive(group_[other], Tag::sum(space_, kPieces, one.number),
                                            one.buffers->pieces[static_cast<std::int64_t>(other)]));
    }
    if (piece(bucket, other).numel() == 0) continue;
    one.sums.push_back(channel_.receive(group_[other], Tag::sum(space_, kSums, one.number),
                                        piece(one.buffers->sums, other)));
    one.sends.push_back(
        channel_.send(group_[other], Tag::sum(space_, kPieces, one.number), piece(bucket, other)));
  }
  under_way_.push_back(std::move(one));
  advance();
}

void OrderedAllReduce::sum_own_piece(UnderWay& one) {
  for (Transfer& transfer : one.pieces) transfer.wait();
  one.summed = true;
  const at::Tensor own = piece(one.bucket, own_);
  if (own.numel() == 0) return;
  const at::Tensor sum = piece(one.buffers->sums, own_);
  const auto of = [&](std::size_t replica) {
    return replica == own_ ? own : one.buffers->pieces[static_cast<std::int64_t>(replica)];
  };
  sum.copy_(of(0));
  for (std::size_t replica = 1; replica < group_.size(); ++replica) sum.add_(of(replica));
  for (std::size_t other = 0; other < group_.size(); ++other) {
    if (other == own_) continue;
    one.sends.push_back(channel_.send(group_[other], Tag::sum(space_, kSums, one.number), sum));
  }
}

void OrderedAllReduce::advance() {
  const at::NoGradGuard no_grad;
  for (UnderWay& one : under_way_) {
    if (one.summed) continue;
    const bool all_here = std::all_of(one.pieces.begin(), one.pieces.end(),
                                      [](const Transfer& transfer) { return transfer.done(); });
    if (all_here) sum_own_piece(one);
  }
}

void OrderedAllReduce::finish() {
  const at::NoGradGuard no_grad;
  for (UnderWay& one : under_way_) {
    if (!one.summed) sum_own_piece(one);
  }
  for (UnderWay& one : under_way_) {
    for (Transfer& transfer : one.sums) transfer.wait();
    for (Transfer& transfer : one.sends) transfer.wait();  // the buffers are used again
    one.bucket.copy_(one.buffers->sums);
  }
  under_way_.clear();
}

}  // namespace interlock::comm
