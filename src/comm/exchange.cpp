#include "comm/exchange.h"

#include <cstring>
#include <numeric>

#include <ATen/ops/empty.h>

namespace interlock::comm {
namespace {

// Numbers that no other tensor has.
const Tag kLengths = Tag::tensor((1 << 28) - 1);
const Tag kTexts = Tag::tensor((1 << 28) - 2);

at::Tensor numbers(std::size_t count) {
  return at::empty({static_cast<std::int64_t>(count)}, at::kLong);
}

at::Tensor bytes(std::int64_t count) {
  return at::empty({count}, at::kByte);
}

at::Tensor to_tensor(const std::string& text) {
  at::Tensor tensor = bytes(static_cast<std::int64_t>(text.size()));
  std::memcpy(tensor.mutable_data_ptr(), text.data(), text.size());
  return tensor;
}

std::string receive_text(ProgressEngine& engine, Rank from, std::int64_t length) {
  const at::Tensor buffer = bytes(length);
  engine.receive(from, kTexts, buffer).wait();
  return {static_cast<const char*>(buffer.const_data_ptr()), static_cast<std::size_t>(length)};
}

std::vector<std::string> collect(ProgressEngine& engine, const std::vector<Rank>& group,
                                 const std::string& own) {
  std::vector<std::string> all{own};
  const at::Tensor length = numbers(1);
  for (std::size_t i = 1; i < group.size(); ++i) {
    engine.receive(group[i], kLengths, length).wait();
    all.push_back(receive_text(engine, group[i], *length.const_data_ptr<std::int64_t>()));
  }
  return all;
}

}  // namespace

std::vector<std::string> exchange(ProgressEngine& engine, const std::vector<Rank>& group,
                                  const std::string& own) {
  const at::Tensor lengths = numbers(group.size());
  auto* const length = lengths.mutable_data_ptr<std::int64_t>();
  if (engine.rank() == group.front()) {
    const std::vector<std::string> all = collect(engine, group, own);
    for (std::size_t i = 0; i < all.size(); ++i) length[i] = static_cast<std::int64_t>(all[i].size());
    const at::Tensor texts = to_tensor(std::accumulate(all.begin(), all.end(), std::string()));
    std::vector<Transfer> sends;
    for (std::size_t i = 1; i < group.size(); ++i) {
      sends.push_back(engine.send(group[i], kLengths, lengths));
      sends.push_back(engine.send(group[i], kTexts, texts));
    }
    for (Transfer& send : sends) send.wait();
    return all;
  }
  const at::Tensor own_length = numbers(1);
  *own_length.mutable_data_ptr<std::int64_t>() = static_cast<std::int64_t>(own.size());
  engine.send(group.front(), kLengths, own_length);
  engine.send(group.front(), kTexts, to_tensor(own));
  engine.receive(group.front(), kLengths, lengths).wait();
  const std::string texts =
      receive_text(engine, group.front(), std::accumulate(length, length + group.size(), std::int64_t{0}));
  std::vector<std::string> all;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < group.size(); ++i) {
    all.push_back(texts.substr(begin, static_cast<std::size_t>(length[i])));
    begin += static_cast<std::size_t>(length[i]);
  }
  return all;
}

}  // namespace interlock::comm
