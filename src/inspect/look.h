#pragma once
// The tensors of a set that were asked for, with what their values say.

#include <optional>
#include <string>
#include <vector>

#include "inspect/tensor_figures.h"
#include "inspect/tensor_set.h"

namespace interlock::inspect {

struct Selection {
  bool read = true;    // false: headers alone, no figures, nothing verified but the headers
  int stage = -1;      // -1: all
  std::string filter;  // part of the name; "": all
  [[nodiscard]] bool everything() const { return read && stage < 0 && filter.empty(); }
};

struct TensorRow {
  const TensorFile* file = nullptr;  // of the set
  const storage::TensorEntry* entry = nullptr;
  TensorRole role;
  std::optional<TensorFigures> figures;  // none where it was not read
  std::string problem;                   // why it is damaged; "" for nothing
  [[nodiscard]] std::int64_t elements() const { return elements_of(*entry); }
};

// Rows point into `set`. What is damaged is noted in its row. Errors: UsageError where the selection leaves
// nothing.
std::vector<TensorRow> look(const TensorSet& set, const Selection& selection);

// Tensors of one layer, head, or slot of the optimizer.
struct GroupRow {
  std::string group;
  int stage = -1;  // -1: several, or none
  int tensors = 0;
  std::int64_t parameters = 0;  // elements but those of buffers
  std::int64_t bytes = 0;
  std::vector<std::int64_t> largest;     // shape of its largest tensor
  std::optional<TensorFigures> figures;  // of the parameters; none where nothing was read
  int damaged = 0;
};
// In the network's order: layers, heads, the optimizer's slots.
std::vector<GroupRow> by_group(const std::vector<TensorRow>& rows);

// The first thing that is damaged, and how many more there are; "" where all is sound.
std::string first_problem(const TensorSet& set, const std::vector<TensorRow>& rows);

}  // namespace interlock::inspect
