#pragma once
// Draws what the ranks recorded: a group of rows a rank, of slices and of arrows between them.

#include <cstdint>
#include <string>
#include <vector>

#include "trace/chrome_file.h"
#include "trace/planned.h"
#include "trace/rank_trace.h"
#include "trace/run_facts.h"

namespace interlock::trace {

class Rows {
 public:
  // All must outlive it; `origin` is the time that the file calls 0.
  Rows(ChromeFile& file, const RunFacts& facts, const std::vector<RankTrace>& ranks, std::int64_t origin)
      : file_(file), facts_(facts), ranks_(ranks), origin_(origin) {}

  // Orders, actions with the waits in them, operators; arrows.
  void draw_measured();
  // `begin`: when stage 0 began its first step.
  void draw_planned(const PlannedTimeline& planned, std::int64_t begin);

 private:
  enum RowNumber : int { kOrders, kActions, kPlanned, kOperators };
  static Row row(const RankTrace& rank, int number);
  static Row row_of_moment(const RankTrace& rank, const Record& record);
  void draw_coordinator(const RankTrace& rank);
  void draw_orders(const RankTrace& rank);
  void draw_records(const RankTrace& rank);
  void draw_operators(const RankTrace& rank);
  void draw_arrows();
  [[nodiscard]] std::int64_t moment_of(const RankTrace& rank, const Record& record) const;
  void slice(const Row& row, const std::string& name, const char* category, const char* colour,
             std::int64_t begin, std::int64_t end, const std::string& arguments = "");

  ChromeFile& file_;
  const RunFacts& facts_;
  const std::vector<RankTrace>& ranks_;
  const std::int64_t origin_;
};

}  // namespace interlock::trace
