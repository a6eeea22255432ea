#include "inspect/look.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "common/error.h"

namespace interlock::inspect {
namespace {

TensorRow row_of(const TensorFile& file, const storage::TensorEntry& entry, bool read) {
  TensorRow row;
  row.file = &file;
  row.entry = &entry;
  row.role = role_of(entry.name);
  if (!read) return row;
  TensorFigures figures;
  try {
    file.read(entry, [&](const char* bytes, std::size_t count) { figures.add(entry.type, bytes, count); });
    row.figures = figures;
  } catch (const DataError& problem) {
    row.problem = problem.what();  // what its damaged bytes would say is worth nothing
  }
  return row;
}

// Layers, heads, whatever else, the optimizer.
using Place = std::tuple<int, int, std::string>;
Place place_of(const TensorRole& role) {
  if (role.optimizer) return {3, 0, role.group};
  if (role.head >= 0) return {1, role.head, role.group};
  if (role.group.rfind("layers.", 0) == 0) return {0, role.layer, role.group};
  return {2, 0, role.group};
}

}  // namespace

std::vector<TensorRow> look(const TensorSet& set, const Selection& selection) {
  std::vector<TensorRow> rows;
  bool stage_found = selection.stage < 0;
  for (const TensorFile& file : set.files) {
    if (selection.stage >= 0 && file.stage != selection.stage) continue;
    stage_found = true;
    for (const storage::TensorEntry& entry : file.tensors) {
      if (entry.name.find(selection.filter) != std::string::npos)
        rows.push_back(row_of(file, entry, selection.read));
    }
  }
  if (!stage_found) {
    throw UsageError(fmt::format(
        "--stage {}: {} has {}", selection.stage, set.path,
        set.manifest ? fmt::format("stages 0 to {}", set.files.size() - 1) : "no stages: it is one file"));
  }
  if (rows.empty() && !selection.filter.empty())
    throw UsageError(fmt::format("--filter {}: no tensor of {} has that in its name (--tensors lists them)",
                                 selection.filter, set.path));
  return rows;
}

std::vector<GroupRow> by_group(const std::vector<TensorRow>& rows) {
  std::map<Place, GroupRow> groups;
  std::map<Place, std::int64_t> largest;
  for (const TensorRow& row : rows) {
    const Place place = place_of(row.role);
    GroupRow& group = groups[place];
    group.stage = group.tensors == 0 || group.stage == row.file->stage ? row.file->stage : -1;
    group.group = row.role.group;
    ++group.tensors;
    group.bytes += static_cast<std::int64_t>(row.entry->end - row.entry->begin);
    if (!row.role.buffer) group.parameters += row.elements();
    if (row.elements() > largest[place] || group.largest.empty()) {
      largest[place] = row.elements();
      group.largest = row.entry->shape;
    }
    if (!row.problem.empty()) ++group.damaged;
    if (row.figures && !row.role.buffer) {
      if (!group.figures) group.figures.emplace();
      group.figures->add(*row.figures);
    }
  }
  std::vector<GroupRow> list;
  list.reserve(groups.size());
  for (auto& [place, group] : groups) list.push_back(std::move(group));
  return list;
}

std::string first_problem(const TensorSet& set, const std::vector<TensorRow>& rows) {
  std::vector<std::string> problems;
  for (const TensorFile& file : set.files) {
    if (!file.problem.empty()) problems.push_back(file.problem);
  }
  for (const TensorRow& row : rows) {
    if (!row.problem.empty()) problems.push_back(row.problem);
  }
  if (problems.size() < 2) return problems.empty() ? "" : problems.front();
  return fmt::format("{} (and {} more)", problems.front(), problems.size() - 1);
}

}  // namespace interlock::inspect
