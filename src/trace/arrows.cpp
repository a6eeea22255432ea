#include "trace/arrows.h"

#include <deque>
#include <map>
#include <tuple>

namespace interlock::trace {
namespace {

// From rank, to rank, what, order, micro-batch, loss.
using Key = std::tuple<int, int, int, std::int64_t, int, int>;

Key key_of(int from, int to, const Record& record) {
  return {from, to, record.what, record.order, record.micro_batch, record.loss};
}

struct Place {
  std::size_t rank = 0;
  std::size_t record = 0;
};

}  // namespace

std::vector<Arrow> arrows_of(const std::vector<RankTrace>& ranks) {
  std::map<Key, std::deque<Place>> sent;
  for (std::size_t r = 0; r < ranks.size(); ++r) {
    for (std::size_t i = 0; i < ranks[r].records.size(); ++i) {
      const Record& record = ranks[r].records[i];
      if (record.kind == RecordKind::kSend)
        sent[key_of(ranks[r].rank, record.peer, record)].push_back({r, i});
    }
  }
  std::vector<Arrow> arrows;
  for (std::size_t r = 0; r < ranks.size(); ++r) {
    for (std::size_t i = 0; i < ranks[r].records.size(); ++i) {
      const Record& record = ranks[r].records[i];
      if (record.kind != RecordKind::kArrival) continue;
      const auto found = sent.find(key_of(record.peer, ranks[r].rank, record));
      if (found == sent.end() || found->second.empty()) continue;
      arrows.push_back({found->second.front().rank, found->second.front().record, r, i});
      found->second.pop_front();
    }
  }
  return arrows;
}

}  // namespace interlock::trace
