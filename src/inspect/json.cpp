#include "inspect/json.h"

#include <cmath>

#include <nlohmann/json.hpp>

#include "storage/element_type.h"

namespace interlock::inspect {
namespace {

using json = nlohmann::ordered_json;

json number_or_null(double value) {
  return std::isfinite(value) ? json(value) : json();
}

json text_or_null(const std::string& text) {
  return text.empty() ? json() : json(text);
}

json numbers(const runs::PerStage& values) {
  json list = json::array();
  for (const double value : values) list.push_back(number_or_null(value));
  return list;
}

json of_evaluation(const std::optional<runs::Evaluation>& evaluation) {
  if (!evaluation) return json();
  return {{"step", evaluation->step},
          {"epoch", evaluation->epoch},
          {"loss", numbers(evaluation->loss)},
          {"accuracy", numbers(evaluation->accuracy)},
          {"perplexity", numbers(evaluation->perplexity)}};
}

std::string written(const json& document) {
  return document.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

json of_checkpoint(const KeptCheckpoint& kept) {
  return {{"path", kept.path},
          {"step", kept.step},
          {"epochs", kept.epochs},
          {"bytes", kept.bytes},
          {"newest", kept.newest},
          {"best", kept.best},
          {"age_seconds", kept.age_seconds},
          {"problem", text_or_null(kept.problem)}};
}

json of_row(const TensorRow& row) {
  json object = {{"name", row.entry->name},   {"stage", row.file->stage < 0 ? json() : json(row.file->stage)},
                 {"file", row.file->path},    {"type", storage::element_name(row.entry->type)},
                 {"shape", row.entry->shape}, {"problem", text_or_null(row.problem)}};
  if (!row.figures) return object;
  object["norm"] = number_or_null(row.figures->norm());
  object["min"] = number_or_null(row.figures->minimum);
  object["max"] = number_or_null(row.figures->maximum);
  object["nan"] = row.figures->not_a_number;
  object["infinite"] = row.figures->infinite;
  return object;
}

}  // namespace

std::string json_of_run(const RunFacts& facts) {
  json document = {{"kind", "run"},
                   {"path", facts.path},
                   {"state", name_of(facts.state)},
                   {"failure", text_or_null(facts.last_words)},
                   {"steps", facts.steps},
                   {"total_steps", facts.total_steps > 0 ? json(facts.total_steps) : json()},
                   {"epochs", facts.epochs},
                   {"seconds", facts.seconds},
                   {"layers", facts.layers},
                   {"parameters", facts.parameters},
                   {"head_parameters", facts.head_parameters},
                   {"cut", facts.cut},
                   {"heads", facts.heads},
                   {"evaluation", of_evaluation(facts.last_evaluation)},
                   {"best_evaluation", of_evaluation(facts.best_evaluation)},
                   {"config_problem", text_or_null(facts.config_problem)},
                   {"metrics_problem", text_or_null(facts.metrics_problem)}};
  if (facts.config) {
    document["stages"] = facts.config->partition.stages;
    document["horizon"] = facts.config->horizon();
    document["config"] = config::to_yaml(*facts.config);
  }
  document["checkpoints"] = json::array();
  for (const KeptCheckpoint& kept : facts.checkpoints) document["checkpoints"].push_back(of_checkpoint(kept));
  return written(document);
}

std::string json_of_tensors(const TensorSet& set, const std::vector<TensorRow>& rows,
                            const Selection& selection) {
  const std::string problem = first_problem(set, rows);
  json document = {{"kind", set.manifest ? "checkpoint" : "safetensors"},
                   {"path", set.path},
                   {"checked", selection.read},
                   {"problem", text_or_null(problem)}};
  if (set.manifest) {
    document["step"] = set.manifest->step;
    document["epochs"] = set.manifest->epochs;
    document["steps_per_epoch"] = set.manifest->steps_per_epoch;
    document["batch_size"] = set.manifest->batch_size;
    document["seed"] = set.manifest->seed;
  }
  document["files"] = json::array();
  for (const TensorFile& file : set.files) {
    document["files"].push_back({{"path", file.path},
                                 {"bytes", file.bytes},
                                 {"stage", file.stage < 0 ? json() : json(file.stage)},
                                 {"first_layer", file.first_layer < 0 ? json() : json(file.first_layer)},
                                 {"last_layer", file.last_layer < 0 ? json() : json(file.last_layer)},
                                 {"metadata", file.metadata},
                                 {"problem", text_or_null(file.problem)}});
  }
  document["tensors"] = json::array();
  for (const TensorRow& row : rows) document["tensors"].push_back(of_row(row));
  return written(document);
}

std::string json_of_comparison(const std::string& left, const std::string& right,
                               const std::vector<TensorComparison>& comparisons,
                               const std::vector<config::Difference>& configs) {
  json document = {{"kind", "comparison"}, {"left", left}, {"right", right}};
  document["config"] = json::array();
  for (const config::Difference& difference : configs)
    document["config"].push_back(
        {{"key", difference.key}, {"left", difference.left}, {"right", difference.right}});
  document["tensors"] = json::array();
  for (const TensorComparison& comparison : comparisons) {
    document["tensors"].push_back({{"name", comparison.name},
                                   {"equal", comparison.equal()},
                                   {"only_in", text_or_null(comparison.only_in)},
                                   {"shapes", text_or_null(comparison.shapes)},
                                   {"elements", comparison.elements},
                                   {"different", comparison.different},
                                   {"largest_difference", number_or_null(comparison.largest)},
                                   {"relative_difference", number_or_null(comparison.relative)}});
  }
  return written(document);
}

}  // namespace interlock::inspect
