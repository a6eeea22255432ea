#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "common/text.h"
#include "inspect/describe.h"
#include "inspect/table.h"
#include "storage/element_type.h"

namespace interlock::inspect {
namespace {

constexpr auto kLeft = Align::kLeft;
constexpr auto kRight = Align::kRight;

std::string number(double value) {
  return std::isfinite(value) ? fmt::format("{:.4g}", value) : "-";
}

std::string stage_text(int stage) {
  return stage < 0 ? "-" : std::to_string(stage);
}

std::string figures_note(const TensorFigures& figures) {
  std::vector<std::string> parts;
  if (figures.not_a_number > 0) parts.push_back(fmt::format("{} NaN", figures.not_a_number));
  if (figures.infinite > 0) parts.push_back(fmt::format("{} infinite", figures.infinite));
  return join(parts, ", ");
}

// norm, min, max, what is not finite: four cells.
void add_figures(std::vector<std::string>& cells, const std::optional<TensorFigures>& figures,
                 const std::string& damage) {
  if (!figures) {
    cells.insert(cells.end(), {"-", "-", "-", damage.empty() ? "" : damage});
    return;
  }
  cells.insert(cells.end(), {number(figures->norm()), number(figures->minimum), number(figures->maximum),
                             damage.empty() ? figures_note(*figures) : damage});
}

std::string tensor_table(const std::vector<TensorRow>& rows) {
  std::vector<std::vector<std::string>> table = {
      {"tensor", "stage", "type", "shape", "norm", "min", "max", ""}};
  for (const TensorRow& row : rows) {
    std::vector<std::string> cells = {row.entry->name, stage_text(row.file->stage),
                                      storage::element_name(row.entry->type), format_shape(row.entry->shape)};
    add_figures(cells, row.figures, row.problem.empty() ? "" : "DAMAGED");
    table.push_back(std::move(cells));
  }
  return format_table({kLeft, kRight, kLeft, kLeft, kRight, kRight, kRight, kLeft}, table);
}

std::string group_table(const std::vector<TensorRow>& rows) {
  std::vector<std::vector<std::string>> table = {
      {"layer", "stage", "tensors", "numbers", "largest", "norm", "min", "max", ""}};
  for (const GroupRow& group : by_group(rows)) {
    std::vector<std::string> cells = {group.group, stage_text(group.stage), std::to_string(group.tensors),
                                      std::to_string(group.parameters), format_shape(group.largest)};
    add_figures(cells, group.figures, group.damaged > 0 ? fmt::format("{} DAMAGED", group.damaged) : "");
    table.push_back(std::move(cells));
  }
  return format_table({kLeft, kRight, kRight, kRight, kLeft, kRight, kRight, kRight, kLeft}, table);
}

std::string shard_table(const TensorSet& set) {
  std::vector<std::vector<std::string>> table = {{"stage", "layers", "tensors", "size", "file", ""}};
  for (const TensorFile& file : set.files) {
    const bool placed = file.first_layer >= 0;
    table.push_back({stage_text(file.stage),
                     placed ? fmt::format("{}..{}", file.first_layer, file.last_layer) : "-",
                     std::to_string(file.tensors.size()), format_bytes(static_cast<double>(file.bytes)),
                     file.path.substr(file.path.rfind('/') + 1), file.problem.empty() ? "" : "DAMAGED"});
  }
  return format_table({kRight, kLeft, kRight, kRight, kLeft, kLeft}, table, 2);
}

// "sgd with momentum" cannot be told from tensors; the slots can.
std::string optimizer_slots(const TensorSet& set) {
  std::vector<std::string> slots;
  for (const TensorFile& file : set.files) {
    for (const storage::TensorEntry& entry : file.tensors) {
      const TensorRole role = role_of(entry.name);
      const std::string slot = role.optimizer ? role.group.substr(role.group.find('.') + 1) : "";
      if (!slot.empty() && std::find(slots.begin(), slots.end(), slot) == slots.end()) slots.push_back(slot);
    }
  }
  return slots.empty() ? "none" : join(slots, ", ");
}

std::string head_places(const TensorSet& set) {
  std::vector<std::string> heads;
  for (const TensorFile& file : set.files) {
    const bool has = std::any_of(file.tensors.begin(), file.tensors.end(), [](const auto& entry) {
      const TensorRole role = role_of(entry.name);
      return role.head >= 0 && !role.optimizer;
    });
    if (has && file.stage >= 0)
      heads.push_back(fmt::format("heads.{} after layer {}", file.stage, file.last_layer));
  }
  return heads.empty() ? "none" : join(heads, ", ");
}

std::string verdict(const TensorSet& set, const std::vector<TensorRow>& rows, const Selection& selection) {
  if (!first_problem(set, rows).empty()) return "DAMAGED: see below";
  if (!set.manifest)
    return selection.read ? "readable to its end (such a file has no checksums)" : "not read";
  if (!selection.read) return "headers are; tensors were not read (--no-check)";
  return selection.everything() ? "yes, every checksum is right" : "what is listed is; the rest was not read";
}

std::string about(const TensorSet& set, const std::vector<TensorRow>& rows, const Selection& selection) {
  std::uint64_t bytes = 0;
  for (const TensorFile& file : set.files) bytes += file.bytes;
  std::string text =
      fmt::format("{}: {}, {}\n", set.path, set.manifest ? "a checkpoint" : "a safetensors file",
                  format_bytes(static_cast<double>(bytes)));
  const auto line = [&text](const char* what, const std::string& value) {
    text += fmt::format("  {:<10} {}\n", what, value);
  };
  if (set.manifest) {
    const storage::Manifest& manifest = *set.manifest;
    line("step", fmt::format("{} ({} epoch{} done; {} steps an epoch, {} samples a step, seed {})",
                             manifest.step, manifest.epochs, manifest.epochs == 1 ? "" : "s",
                             manifest.steps_per_epoch, manifest.batch_size, manifest.seed));
    line("heads", head_places(set));
    line("optimizer", optimizer_slots(set));
  } else {
    for (const auto& [key, value] : set.files.front().metadata)
      line("metadata", fmt::format("{}: {}", key, value.substr(0, 80)));
  }
  line("sound", verdict(set, rows, selection));
  if (set.manifest) text += "\n" + shard_table(set);
  return text;
}

}  // namespace

std::string describe_tensors(const TensorSet& set, const std::vector<TensorRow>& rows,
                             const Selection& selection, bool every_tensor) {
  std::string text = about(set, rows, selection) + "\n";
  text += every_tensor ? tensor_table(rows) : group_table(rows);
  return text;
}

std::string describe_comparison(const std::string& left, const std::string& right,
                                const std::vector<TensorComparison>& comparisons, bool every_tensor) {
  constexpr std::size_t kMostRows = 20;
  std::vector<TensorComparison> different;
  for (const TensorComparison& comparison : comparisons) {
    if (!comparison.equal()) different.push_back(comparison);
  }
  // Weights first: they say why the optimizer's state differs.
  std::stable_sort(different.begin(), different.end(), [](const auto& a, const auto& b) {
    const bool a_first = role_of(a.name).is_parameter();
    const bool b_first = role_of(b.name).is_parameter();
    return a_first != b_first ? a_first : a.relative > b.relative;
  });
  std::string text = fmt::format("{}\n{}\n{} of {} tensors are equal to the last bit\n", left, right,
                                 comparisons.size() - different.size(), comparisons.size());
  if (different.empty()) return text;
  std::vector<std::vector<std::string>> table = {
      {"tensor", "numbers that differ", "largest difference", "relative", ""}};
  for (std::size_t i = 0; i < different.size() && (every_tensor || i < kMostRows); ++i) {
    const TensorComparison& row = different[i];
    if (!row.only_in.empty() || !row.shapes.empty()) {
      table.push_back({row.name, "-", "-", "-",
                       row.only_in.empty() ? "shapes differ: " + row.shapes : "only in " + row.only_in});
      continue;
    }
    table.push_back({row.name, fmt::format("{} of {}", row.different, row.elements),
                     fmt::format("{:.3g}", row.largest), fmt::format("{:.3g}", row.relative), ""});
  }
  text += "\n" + format_table({kLeft, kRight, kRight, kRight, kLeft}, table);
  if (table.size() - 1 < different.size())
    text += fmt::format("... and {} more (--tensors lists all)\n", different.size() - (table.size() - 1));
  return text;
}

}  // namespace interlock::inspect
